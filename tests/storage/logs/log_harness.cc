// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/logs/log_harness.h"

#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace vigil::storage::testing {

LogHarness::LogHarness(KeyValueStore* store, const LogOptions& options)
    : store_(*store), options_(options), shard_(LogShard::Create(kShard, store, options)) {
  VIGIL_CHECK_OK(shard_->Load());
}

std::vector<uint64_t> LogHarness::Append(TenantId tenant, LogBatch batch) {
  std::string payload;
  shard_->Encode(tenant, batch, &payload);
  journal_.emplace_back(tenant, std::move(payload));
  std::vector<uint64_t> numbers;
  for (const LogStreamBatch& stream : batch.streams) numbers.push_back(stream.first_number);
  shard_->Apply(tenant, std::move(batch));
  return numbers;
}

uint64_t LogHarness::Append(std::string_view stream, std::vector<LogRecord> records) {
  return Append(OneStream(stream, std::move(records))).front();
}

void LogHarness::Seal() {
  shard_->Seal();
  sealed_entries_ = journal_.size();
}

absl::Status LogHarness::WriteSealed() {
  WriteBatch batch;
  VIGIL_RETURN_IF_ERROR(shard_->WriteSealed(&batch));
  VIGIL_RETURN_IF_ERROR(store_.Write(batch, Durability::kSync));
  // The trim of the journal is part of the same write.
  journal_.erase(journal_.begin(), journal_.begin() + static_cast<ptrdiff_t>(sealed_entries_));
  sealed_entries_ = 0;
  return absl::OkStatus();
}

void LogHarness::DropSealed() { shard_->DropSealed(); }

void LogHarness::Flush() {
  Seal();
  VIGIL_CHECK_OK(WriteSealed());
  DropSealed();
}

absl::Status LogHarness::Restart() {
  shard_ = LogShard::Create(kShard, &store_, options_);
  sealed_entries_ = 0;
  VIGIL_RETURN_IF_ERROR(shard_->Load());
  for (const auto& [tenant, payload] : journal_) {
    VIGIL_RETURN_IF_ERROR(shard_->Replay(tenant, payload));
  }
  return absl::OkStatus();
}

std::vector<SeenLog> LogHarness::Read(TenantId tenant, const LogSelection& selection,
                                      size_t limit) {
  std::vector<SeenLog> seen;
  EXPECT_TRUE(shard_
                  ->Read(tenant, selection,
                         [&](const Labels& stream, uint64_t number, const LogRecord& record) {
                           seen.push_back({stream.ToString(), number, record});
                           return seen.size() < limit;
                         })
                  .ok());
  return seen;
}

std::vector<std::string> LogHarness::ReadTexts() {
  std::vector<std::string> texts;
  LogSelection selection = Everything();
  selection.newest_first = false;
  for (const SeenLog& seen : Read(kDefaultTenant, selection)) {
    texts.push_back(fmt::format("{}#{} {}", seen.stream, seen.number, ToText(seen.record.body)));
  }
  return texts;
}

LogBatch OneStream(std::string_view stream, std::vector<LogRecord> records) {
  LogBatch batch;
  batch.streams.push_back({.labels = Labels({{"name", stream}}), .records = std::move(records)});
  return batch;
}

LogSelection Everything() {
  LogSelection selection;
  selection.range = {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  return selection;
}

}  // namespace vigil::storage::testing
