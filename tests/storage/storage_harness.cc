// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/storage_harness.h"

#include <limits>
#include <ostream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "storage/kv/memory_store.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage::testing {
namespace {

constexpr int64_t kForeverMs = std::numeric_limits<int64_t>::max();
// Enough for every shard of three to get one with near certainty.
constexpr int kSeriesPerBatch = 5;

std::string TextOf(const Labels& stream, const LogRecord& record) {
  return fmt::format("{} {} {}", stream.ToString(), record.time_ns, ToText(record.body));
}

std::string TextOf(const Span& span) {
  return fmt::format("{} {} {} {}", span.trace_id.ToText(), span.span_id.ToText(), span.start_ns,
                     span.name);
}

void ReadSamples(Storage& storage, TenantId tenant, Contents* contents) {
  const std::unique_ptr<MetricQuerier> querier = storage.NewMetricQuerier(tenant);
  ASSERT_OK_AND_ASSIGN(const std::vector<SeriesHandle> series,
                       querier->Select({}, {0, kForeverMs}));
  for (const SeriesHandle& handle : series) {
    SampleColumns columns;
    ASSERT_OK(querier->Read(handle.ref, {0, kForeverMs}, &columns));
    std::map<int64_t, double>& samples = contents->samples[handle.labels.ToString()];
    for (size_t i = 0; i < columns.times_ms.size(); ++i) {
      const bool added = samples.emplace(columns.times_ms[i], columns.values[i]).second;
      EXPECT_TRUE(added) << handle.labels.ToString() << " has " << columns.times_ms[i] << " twice";
    }
  }
}

}  // namespace

void PrintTo(const Contents& contents, std::ostream* out) {
  for (const auto& [series, samples] : contents.samples) {
    *out << "\n" << series;
    for (const auto& [time_ms, value] : samples) *out << " " << time_ms - kStartMs << ":" << value;
  }
  for (const std::string& log : contents.logs) *out << "\nlog " << log;
  for (const std::string& span : contents.spans) *out << "\nspan " << span;
}

StorageHarness::StorageHarness(uint32_t shards, StorageOptions options)
    : options_(std::move(options)) {
  options_.shards = shards;
  VIGIL_CHECK_OK(OpenOn(std::make_unique<MemoryStore>()));
}

absl::Status StorageHarness::OpenOn(std::unique_ptr<KeyValueStore> inner) {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<FaultStore> store, FaultStore::Wrap(std::move(inner)));
  store_ = store.get();
  storage_.reset();
  VIGIL_ASSIGN_OR_RETURN(storage_, Storage::OpenOn(std::move(store), options_, &clock_));
  return absl::OkStatus();
}

absl::Status StorageHarness::Kill() {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<KeyValueStore> left, store_->AfterKill());
  return OpenOn(std::move(left));
}

absl::Status StorageHarness::LosePower() {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<KeyValueStore> left, store_->AfterPowerLoss());
  return OpenOn(std::move(left));
}

absl::StatusOr<std::unique_ptr<Storage>> StorageHarness::OpenCopy() {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<KeyValueStore> copy, store_->AfterKill());
  return Storage::OpenOn(std::move(copy), options_, &clock_);
}

Contents StorageHarness::Read(TenantId tenant) { return ReadAll(*storage_, tenant); }

Contents ReadAll(Storage& storage, TenantId tenant) {
  Contents contents;
  ReadSamples(storage, tenant, &contents);
  LogSelection selection;
  selection.range = {0, std::numeric_limits<int64_t>::max()};
  EXPECT_OK(storage.ReadLogs(tenant, selection,
                             [&](const Labels& stream, uint64_t, const LogRecord& record) {
                               contents.logs.insert(TextOf(stream, record));
                               return true;
                             }));
  EXPECT_OK(
      storage.ReadSpans(tenant, 0, std::numeric_limits<int64_t>::max(), [&](const Span& span) {
        contents.spans.insert(TextOf(span));
        return true;
      }));
  return contents;
}

LabeledSample SampleOf(std::string_view name, std::string_view job, int64_t time_ms, double value) {
  LabeledSample sample;
  sample.labels = Labels{{kMetricName, name}, {"job", job}};
  sample.time_ms = time_ms;
  sample.value = value;
  return sample;
}

MetricBatch Batches::Metrics(Storage& storage, int number, Contents* expected) {
  MetricBatch batch;
  for (int i = 0; i < kSeriesPerBatch; ++i) {
    // A new series now and then, so that definitions come at all times.
    const std::string job = fmt::format("job{}", i + number / 4);
    const Labels labels = {{kMetricName, "requests"}, {"job", job}};
    const absl::StatusOr<SeriesRef> ref =
        storage.GetOrCreateSeries(kDefaultTenant, labels, {MetricType::kCounter, "", ""});
    VIGIL_CHECK_OK(ref);
    batch.Add(*ref, kStartMs + number, number * 10 + i);
    expected->samples[labels.ToString()][kStartMs + number] = number * 10 + i;
  }
  return batch;
}

LogBatch Batches::Logs(int number, Contents* expected) {
  LogBatch batch;
  for (int i = 0; i < kSeriesPerBatch; ++i) {
    LogStreamBatch& stream = batch.streams.emplace_back();
    stream.labels = Labels{{"service", fmt::format("service{}", i + number / 4)}};
    stream.records.push_back(PlainLog(kStartNs + i, fmt::format("batch {}", number)));
    expected->logs.insert(TextOf(stream.labels, stream.records.back()));
  }
  return batch;
}

std::vector<Span> Batches::Spans(int number, Contents* expected) {
  std::vector<Span> spans;
  for (int i = 0; i < kSeriesPerBatch; ++i) {
    spans.push_back(PlainSpan(static_cast<uint8_t>(i + 1), static_cast<uint8_t>(number + 1),
                              kStartNs + number, fmt::format("span {}", i)));
    expected->spans.insert(TextOf(spans.back()));
  }
  return spans;
}

BatchToken NumberToken(std::string_view source, uint64_t number) {
  BatchToken token;
  token.kind = BatchToken::Kind::kNumber;
  token.source = source;
  token.number = number;
  return token;
}

BatchToken DigestToken(int number) {
  BatchToken token;
  token.kind = BatchToken::Kind::kDigest;
  token.source = fmt::format("digest of {:06}", number);
  return token;
}

}  // namespace vigil::storage::testing
