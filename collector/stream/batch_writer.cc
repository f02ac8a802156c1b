// SPDX-License-Identifier: Apache-2.0
#include "collector/stream/batch_writer.h"

#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/metrics.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/otlp/unix_nanos.h"
#include "proto/vigil/v1/ingest.pb.h"

namespace vigil::collector {
namespace {

storage::BatchToken NumberToken(const std::string& source, uint64_t number) {
  storage::BatchToken token;
  token.kind = storage::BatchToken::Kind::kNumber;
  token.source = source;
  token.number = number;
  return token;
}

template <typename Messages>
storage::Labels ToLabels(const Messages& messages) {
  std::vector<storage::Label> labels;
  for (const v1::Label& message : messages) labels.push_back({message.name(), message.value()});
  return storage::Labels(std::move(labels));
}

storage::MetricMetadata ToMetadata(const v1::SeriesDefinition& definition) {
  storage::MetricMetadata metadata;
  metadata.unit = definition.unit();
  metadata.help = definition.help();
  switch (definition.type()) {
    case v1::METRIC_TYPE_COUNTER:
      metadata.type = storage::MetricType::kCounter;
      break;
    case v1::METRIC_TYPE_GAUGE:
      metadata.type = storage::MetricType::kGauge;
      break;
    case v1::METRIC_TYPE_HISTOGRAM:
      metadata.type = storage::MetricType::kHistogram;
      break;
    case v1::METRIC_TYPE_SUMMARY:
      metadata.type = storage::MetricType::kSummary;
      break;
    default:
      break;
  }
  return metadata;
}

storage::LogRecord ToRecord(const v1::LogEntry& entry, int64_t received_ns,
                            const std::shared_ptr<const storage::Origin>& origin) {
  // OTLP's highest severity, FATAL4.
  constexpr uint32_t kMaxSeverity = 24;
  storage::LogRecord record;
  record.time_ns = ToUnixNanos(entry.time_unix_nano());
  if (record.time_ns == 0) record.time_ns = received_ns;
  record.severity_number =
      static_cast<uint8_t>(entry.severity_number() <= kMaxSeverity ? entry.severity_number() : 0);
  record.severity_text = entry.severity_text();
  record.body.data = entry.body();
  for (const v1::Label& attribute : entry.attributes()) {
    record.attributes.push_back({attribute.name(), {attribute.value()}});
  }
  record.trace_id = storage::TraceId::FromBytes(entry.trace_id());
  record.span_id = storage::SpanId::FromBytes(entry.span_id());
  record.origin = origin;
  return record;
}

}  // namespace

void MetricBatchWriter::Define(const v1::MetricBatch& batch) {
  for (const v1::SeriesDefinition& definition : batch.series()) {
    const absl::StatusOr<storage::SeriesRef> ref =
        storage_.GetOrCreateSeries(tenant_, ToLabels(definition.labels()), ToMetadata(definition));
    Series& series = series_[definition.ref()];
    series = ref.ok() ? Series{*ref, ""} : Series{{}, std::string(MessageOf(ref.status()))};
  }
}

absl::StatusOr<ExportOutcome> MetricBatchWriter::Write(const v1::MetricBatch& batch) {
  static Counter& received =
      GetCounter("vigil_received_records_total", "Records that were stored.", "signal=\"metrics\"");
  if (batch.refs_size() != batch.timestamps_ms_size() || batch.refs_size() != batch.values_size()) {
    return absl::InvalidArgumentError(fmt::format(
        "batch {} has {} refs, {} timestamps and {} values: the columns must have the "
        "same length",
        batch.number(), batch.refs_size(), batch.timestamps_ms_size(), batch.values_size()));
  }
  Define(batch);
  Rejections rejections;
  storage::MetricBatch samples;
  for (int i = 0; i < batch.refs_size(); ++i) {
    const auto known = series_.find(batch.refs(i));
    if (known == series_.end()) {
      rejections.Add(1, fmt::format("series ref {} was not defined on this stream", batch.refs(i)));
    } else if (!known->second.refusal.empty()) {
      rejections.Add(1, known->second.refusal);
    } else {
      samples.Add(known->second.ref, batch.timestamps_ms(i), batch.values(i));
    }
  }
  VIGIL_ASSIGN_OR_RETURN(
      const storage::WriteResult result,
      storage_.WriteMetrics(tenant_, samples, NumberToken(source_, batch.number())));
  rejections.Add(result);
  if (!result.duplicate) received.Add(static_cast<int64_t>(samples.size()) - result.rejected);
  return rejections.Outcome();
}

absl::StatusOr<ExportOutcome> LogBatchWriter::Write(const v1::LogBatch& batch) {
  static Counter& received =
      GetCounter("vigil_received_records_total", "Records that were stored.", "signal=\"logs\"");
  const int64_t received_ns = clock_.NowNs();
  const auto origin = std::make_shared<const storage::Origin>();
  storage::LogBatch records;
  for (const v1::LogStream& stream : batch.streams()) {
    storage::LogStreamBatch& added = records.streams.emplace_back();
    added.labels = ToLabels(stream.labels());
    for (const v1::LogEntry& entry : stream.entries()) {
      added.records.push_back(ToRecord(entry, received_ns, origin));
    }
  }
  const auto count = static_cast<int64_t>(records.size());
  VIGIL_ASSIGN_OR_RETURN(
      const storage::WriteResult result,
      storage_.WriteLogs(tenant_, std::move(records), NumberToken(source_, batch.number())));
  Rejections rejections;
  rejections.Add(result);
  if (!result.duplicate) received.Add(count - result.rejected);
  return rejections.Outcome();
}

}  // namespace vigil::collector
