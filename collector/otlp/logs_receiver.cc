// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/logs_receiver.h"

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <opentelemetry/proto/logs/v1/logs.pb.h>

#include "base/metrics.h"
#include "base/status.h"
#include "collector/otlp/attributes.h"
#include "collector/otlp/envelopes.h"
#include "collector/otlp/names.h"
#include "collector/otlp/unix_nanos.h"

namespace vigil::collector {
namespace {

namespace logs = opentelemetry::proto::logs::v1;

// Loki's default list without `service.instance.id` and `k8s.pod.name`: one stream per process or
// pod would cut the columns of a service into slivers. They stay with the records and can be
// filtered on.
constexpr std::array<std::string_view, 16> kStreamAttributes = {
    "service.name",           "service.namespace",
    "deployment.environment", "deployment.environment.name",
    "cloud.region",           "cloud.availability_zone",
    "k8s.cluster.name",       "k8s.namespace.name",
    "k8s.container.name",     "container.name",
    "k8s.replicaset.name",    "k8s.deployment.name",
    "k8s.statefulset.name",   "k8s.daemonset.name",
    "k8s.cronjob.name",       "k8s.job.name"};
constexpr std::string_view kUnknownService = "unknown_service";

// `message` becomes an empty shell: its texts are moved.
storage::LogRecord ToRecord(logs::LogRecord* message, int64_t received_ns) {
  storage::LogRecord record;
  record.observed_time_ns = ToUnixNanos(message->observed_time_unix_nano());
  record.time_ns = ToUnixNanos(message->time_unix_nano());
  if (record.time_ns == 0) record.time_ns = record.observed_time_ns;
  if (record.time_ns == 0) record.time_ns = received_ns;
  // An open enum: what is none of OTLP's numbers counts as not given.
  if (logs::SeverityNumber_IsValid(message->severity_number())) {
    record.severity_number = static_cast<uint8_t>(message->severity_number());
  }
  record.severity_text = std::move(*message->mutable_severity_text());
  record.event_name = std::move(*message->mutable_event_name());
  record.body = ToValue(message->body());
  record.attributes = ToAttributes(message->attributes());
  record.trace_id = storage::TraceId::FromBytes(message->trace_id());
  record.span_id = storage::SpanId::FromBytes(message->span_id());
  record.flags = message->flags();
  record.dropped_attributes_count = message->dropped_attributes_count();
  return record;
}

}  // namespace

storage::Labels LogStreamLabels(const storage::Attributes& resource) {
  std::vector<storage::Label> labels = {{"service_name", std::string(kUnknownService)}};
  for (const std::string_view name : kStreamAttributes) {
    const storage::Value* const value = storage::FindAttribute(resource, name);
    std::string text = value == nullptr ? std::string() : storage::ToText(*value);
    if (!text.empty()) labels.push_back({TranslateLabelName(name), std::move(text)});
  }
  return storage::Labels(std::move(labels));
}

absl::StatusOr<ExportOutcome> LogsReceiver::Export(storage::TenantId tenant,
                                                   std::string_view request) {
  static Counter& received =
      GetCounter("vigil_received_records_total", "Records that were stored.", "signal=\"logs\"");
  Rejections rejections;
  storage::LogBatch batch;
  std::map<const storage::Origin*, size_t> stream_of;  // Index in the batch.
  const int64_t received_ns = clock_.NowNs();
  bool timeless = false;  // A record says nothing of when it was.
  logs::LogRecord message;
  VIGIL_RETURN_IF_ERROR(
      ForEachRecord(request, [&](const RecordEnvelope& envelope, std::string_view bytes) {
        if (!envelope.fault.ok()) return rejections.Add(1, MessageOf(envelope.fault));
        if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
          return rejections.Add(1, "a log record is malformed or has text that is not UTF-8");
        }
        const auto [at, added] = stream_of.try_emplace(envelope.origin.get(), batch.streams.size());
        if (added) batch.streams.push_back({LogStreamLabels(envelope.origin->resource), {}});
        timeless |= message.time_unix_nano() == 0 && message.observed_time_unix_nano() == 0;
        storage::LogRecord record = ToRecord(&message, received_ns);
        record.origin = envelope.origin;
        batch.streams[at->second].records.push_back(std::move(record));
      }));
  const auto count = static_cast<int64_t>(batch.size());
  if (count > 0) {
    // The same text again without a time is more likely to have happened again than to be a retry.
    const storage::BatchToken token = timeless ? storage::BatchToken() : DigestToken(request);
    VIGIL_ASSIGN_OR_RETURN(const storage::WriteResult result,
                           storage_.WriteLogs(tenant, std::move(batch), token));
    rejections.Add(result);
    if (!result.duplicate) received.Add(count - result.rejected);
  }
  return rejections.Outcome();
}

}  // namespace vigil::collector
