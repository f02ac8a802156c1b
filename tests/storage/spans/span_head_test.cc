// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/records/record_samples.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using testing::PlainSpan;
using testing::TraceIdOf;

std::vector<std::string> NamesOf(const std::vector<SpanRef>& spans) {
  std::vector<std::string> names;
  for (const SpanRef& span : spans) names.push_back(span->name);
  return names;
}

TEST(SpanHeadTest, FindsTheSpansOfATraceInOrderOfArrival) {
  SpanHead head;
  for (int i = 0; i < 300; ++i) {
    std::vector<Span> batch(static_cast<size_t>(i % 100), PlainSpan(9, 1, 1, "other"));
    batch.push_back(PlainSpan(1, 1, 300 - i, std::to_string(i)));
    head.Append(kDefaultTenant, std::move(batch));
  }
  const std::vector<SpanRef> trace = head.Trace(kDefaultTenant, TraceIdOf(1));
  ASSERT_EQ(trace.size(), 300u);
  for (size_t i = 0; i < trace.size(); ++i) EXPECT_EQ(trace[i]->name, std::to_string(i));
  EXPECT_EQ(head.Trace(kDefaultTenant, TraceIdOf(9)).size(), head.size() - 300);
  EXPECT_TRUE(head.Trace(TenantId{1}, TraceIdOf(1)).empty());
}

TEST(SpanHeadTest, WhatWasTakenOutOutlivesTheHead) {
  auto head = std::make_unique<SpanHead>();
  head->Append(TenantId{4}, {PlainSpan(1, 1, 1, "kept")});
  EXPECT_THAT(head->Tenants(), ElementsAre(TenantId{4}));
  EXPECT_GT(head->bytes(), 0u);
  const std::vector<SpanRef> trace = head->Trace(TenantId{4}, TraceIdOf(1));
  const auto views = head->Spans(TenantId{4});
  head.reset();
  EXPECT_THAT(NamesOf(trace), ElementsAre("kept"));
  EXPECT_EQ(views[0].records[0].name, "kept");
}

}  // namespace
}  // namespace vigil::storage
