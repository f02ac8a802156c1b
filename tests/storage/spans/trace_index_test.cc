// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/trace_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::PlainSpan;
using testing::SpanIdOf;
using testing::TraceIdOf;
using ::testing::UnorderedElementsAre;
using vigil::testing::StatusIs;

TEST(TraceIndexTest, AnEntryForEachTraceHasItsSpanIds) {
  const std::vector<Span> spans = {PlainSpan(1, 1, 0, ""), PlainSpan(2, 5, 0, ""),
                                   PlainSpan(1, 2, 0, "")};
  const std::vector<const Span*> rows = {&spans[0], &spans[1], &spans[2]};
  const SpanBlockKey block = {TenantId{3}, 1, 77, 9};
  MemoryStore store;
  WriteBatch batch;
  AddTraceIndex(block, rows, &batch);
  ASSERT_OK(store.Write(batch, Durability::kSync));
  const std::string key = TraceIndexKey{TenantId{3}, TraceIdOf(1), 77, 9}.Encode();
  ASSERT_OK_AND_ASSIGN(const auto value, store.Get(Family::kTraceIndex, key));
  ASSERT_TRUE(value.has_value());
  ASSERT_OK_AND_ASSIGN(const std::vector<SpanId> ids, DecodeSpanIds(*value));
  EXPECT_THAT(ids, UnorderedElementsAre(SpanIdOf(1), SpanIdOf(2)));

  TraceIdColumn traces;
  traces.values = {TraceIdOf(1), TraceIdOf(2), TraceIdOf(1)};
  WriteBatch removal;
  RemoveTraceIndex(block, traces, &removal);
  EXPECT_EQ(removal.entries().size(), 2u);
  ASSERT_OK(store.Write(removal, Durability::kSync));
  int left = 0;
  ASSERT_OK(
      ForEach(store, Family::kTraceIndex, KeyRange(), [&](std::string_view, std::string_view) {
        ++left;
        return absl::OkStatus();
      }));
  EXPECT_EQ(left, 0);
}

TEST(TraceIndexTest, HalfAnIdIsRefused) {
  EXPECT_OK(DecodeSpanIds(""));
  EXPECT_THAT(DecodeSpanIds("1234567"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
