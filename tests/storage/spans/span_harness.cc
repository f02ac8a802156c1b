// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/spans/span_harness.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/status.h"

namespace vigil::storage::testing {

SpanHarness::SpanHarness(KeyValueStore* store, const SpanOptions& options)
    : store_(*store), options_(options), shard_(SpanShard::Create(kShard, store, options)) {
  VIGIL_CHECK_OK(shard_->Load());
}

void SpanHarness::Append(TenantId tenant, std::vector<Span> spans) {
  std::string payload;
  shard_->Encode(tenant, spans, &payload);
  journal_.emplace_back(tenant, std::move(payload));
  shard_->Apply(tenant, std::move(spans));
}

void SpanHarness::Seal() {
  shard_->Seal();
  sealed_entries_ = journal_.size();
}

absl::Status SpanHarness::WriteSealed() {
  WriteBatch batch;
  VIGIL_RETURN_IF_ERROR(shard_->WriteSealed(&batch));
  VIGIL_RETURN_IF_ERROR(store_.Write(batch, Durability::kSync));
  // The trim of the journal is part of the same write.
  journal_.erase(journal_.begin(), journal_.begin() + static_cast<ptrdiff_t>(sealed_entries_));
  sealed_entries_ = 0;
  return absl::OkStatus();
}

void SpanHarness::DropSealed() { shard_->DropSealed(); }

void SpanHarness::Flush() {
  Seal();
  VIGIL_CHECK_OK(WriteSealed());
  DropSealed();
}

absl::Status SpanHarness::Restart() {
  shard_ = SpanShard::Create(kShard, &store_, options_);
  sealed_entries_ = 0;
  VIGIL_RETURN_IF_ERROR(shard_->Load());
  for (const auto& [tenant, payload] : journal_) {
    VIGIL_RETURN_IF_ERROR(shard_->Replay(tenant, payload));
  }
  return absl::OkStatus();
}

std::vector<Span> SpanHarness::Trace(const TraceId& trace_id, TenantId tenant) {
  absl::StatusOr<std::vector<Span>> spans = shard_->Trace(tenant, trace_id);
  EXPECT_TRUE(spans.ok()) << spans.status();
  return spans.ok() ? *std::move(spans) : std::vector<Span>();
}

std::vector<Span> SpanHarness::Read(int64_t start_ns, int64_t end_ns, TenantId tenant) {
  std::vector<Span> spans;
  const absl::Status status = shard_->Read(tenant, start_ns, end_ns, [&](const Span& span) {
    spans.push_back(span);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return spans;
}

std::vector<std::string> SpanHarness::Names() {
  std::vector<std::string> names;
  for (const Span& span :
       Read(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())) {
    names.push_back(span.name);
  }
  return names;
}

}  // namespace vigil::storage::testing
