// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/record_keys.h"

#include <absl/status/status.h>
#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/kv/keys.h"

namespace vigil::storage {
namespace {

// Tell apart what a family holds besides each other.
constexpr uint8_t kSeriesKind = 's';
constexpr uint8_t kMetadataKind = 'm';
constexpr uint8_t kStreamKind = 's';
constexpr uint8_t kLogBlockKind = 'b';

std::string KindPrefix(TenantId tenant, uint8_t shard, uint8_t kind) {
  return KeyWriter().AppendTenant(tenant).AppendU8(shard).AppendU8(kind).Take();
}

absl::Status WrongKind(std::string_view what, std::string_view key) {
  return absl::DataLossError(fmt::format("not {}: {}", what, ToHex(key)));
}

}  // namespace

std::string JournalKey::Encode() const {
  return KeyWriter().AppendU8(shard).AppendU64(position).Take();
}

absl::StatusOr<JournalKey> JournalKey::Decode(std::string_view key) {
  KeyReader reader(key);
  JournalKey decoded = {.shard = reader.ReadU8(), .position = reader.ReadU64()};
  VIGIL_RETURN_IF_ERROR(reader.Finish("journal key"));
  return decoded;
}

std::string SeriesKey::Prefix(TenantId tenant, uint8_t shard) {
  return KindPrefix(tenant, shard, kSeriesKind);
}

std::string SeriesKey::Encode() const {
  return KeyWriter().AppendBytes(Prefix(tenant, shard)).AppendU64(number).Take();
}

absl::StatusOr<SeriesKey> SeriesKey::Decode(std::string_view key) {
  KeyReader reader(key);
  SeriesKey decoded = {.tenant = reader.ReadTenant(), .shard = reader.ReadU8()};
  const uint8_t kind = reader.ReadU8();
  decoded.number = reader.ReadU64();
  VIGIL_RETURN_IF_ERROR(reader.Finish("series key"));
  if (kind != kSeriesKind) return WrongKind("a series key", key);
  return decoded;
}

std::string MetadataKey::Prefix(TenantId tenant, uint8_t shard) {
  return KindPrefix(tenant, shard, kMetadataKind);
}

std::string MetadataKey::Encode() const { return Prefix(tenant, shard) + metric_name; }

absl::StatusOr<MetadataKey> MetadataKey::Decode(std::string_view key) {
  KeyReader reader(key);
  MetadataKey decoded = {.tenant = reader.ReadTenant(), .shard = reader.ReadU8()};
  const uint8_t kind = reader.ReadU8();
  decoded.metric_name = reader.ReadRest();
  VIGIL_RETURN_IF_ERROR(reader.Finish("metadata key"));
  if (kind != kMetadataKind) return WrongKind("a metadata key", key);
  return decoded;
}

std::string BlockKey::MetricPrefix() const {
  return KeyWriter()
      .AppendTenant(tenant)
      .AppendU8(shard)
      .AppendI64(partition_start_ms)
      .AppendU32(metric)
      .Take();
}

std::string BlockKey::SeriesPrefix() const {
  return KeyWriter().AppendBytes(MetricPrefix()).AppendU64(series).Take();
}

std::string BlockKey::Encode() const {
  return KeyWriter().AppendBytes(SeriesPrefix()).AppendI64(first_ms).AppendU64(sequence).Take();
}

absl::StatusOr<BlockKey> BlockKey::Decode(std::string_view key) {
  KeyReader reader(key);
  BlockKey decoded = {
      .tenant = reader.ReadTenant(),
      .shard = reader.ReadU8(),
      .partition_start_ms = reader.ReadI64(),
      .metric = reader.ReadU32(),
      .series = reader.ReadU64(),
      .first_ms = reader.ReadI64(),
      .sequence = reader.ReadU64(),
  };
  VIGIL_RETURN_IF_ERROR(reader.Finish("block key"));
  if (decoded.metric == kTimestampColumns) return WrongKind("a block key", key);
  return decoded;
}

std::string TimestampColumnKey::Prefix(TenantId tenant, uint8_t shard, int64_t partition_start_ms) {
  return BlockKey{.tenant = tenant,
                  .shard = shard,
                  .partition_start_ms = partition_start_ms,
                  .metric = kTimestampColumns}
      .MetricPrefix();
}

std::string TimestampColumnKey::Encode() const {
  return KeyWriter()
      .AppendBytes(Prefix(tenant, shard, partition_start_ms))
      .AppendU64(column)
      .Take();
}

absl::StatusOr<TimestampColumnKey> TimestampColumnKey::Decode(std::string_view key) {
  KeyReader reader(key);
  TimestampColumnKey decoded = {.tenant = reader.ReadTenant(),
                                .shard = reader.ReadU8(),
                                .partition_start_ms = reader.ReadI64()};
  const uint32_t metric = reader.ReadU32();
  decoded.column = reader.ReadU64();
  VIGIL_RETURN_IF_ERROR(reader.Finish("timestamp column key"));
  if (metric != kTimestampColumns) return WrongKind("a timestamp column key", key);
  return decoded;
}

std::string ExemplarKey::Encode() const {
  return KeyWriter()
      .AppendTenant(tenant)
      .AppendU8(shard)
      .AppendI64(partition_start_ms)
      .AppendU32(metric)
      .AppendU64(series)
      .AppendU64(sequence)
      .Take();
}

absl::StatusOr<ExemplarKey> ExemplarKey::Decode(std::string_view key) {
  KeyReader reader(key);
  const ExemplarKey decoded = {
      .tenant = reader.ReadTenant(),
      .shard = reader.ReadU8(),
      .partition_start_ms = reader.ReadI64(),
      .metric = reader.ReadU32(),
      .series = reader.ReadU64(),
      .sequence = reader.ReadU64(),
  };
  VIGIL_RETURN_IF_ERROR(reader.Finish("exemplar key"));
  return decoded;
}

std::string LogStreamKey::Prefix(TenantId tenant, uint8_t shard) {
  return KindPrefix(tenant, shard, kStreamKind);
}

std::string LogStreamKey::Encode() const {
  return KeyWriter().AppendBytes(Prefix(tenant, shard)).AppendU64(stream).Take();
}

absl::StatusOr<LogStreamKey> LogStreamKey::Decode(std::string_view key) {
  KeyReader reader(key);
  LogStreamKey decoded = {.tenant = reader.ReadTenant(), .shard = reader.ReadU8()};
  const uint8_t kind = reader.ReadU8();
  decoded.stream = reader.ReadU64();
  VIGIL_RETURN_IF_ERROR(reader.Finish("log stream key"));
  if (kind != kStreamKind) return WrongKind("a log stream key", key);
  return decoded;
}

std::string LogBlockKey::Prefix(TenantId tenant, uint8_t shard) {
  return KindPrefix(tenant, shard, kLogBlockKind);
}

std::string LogBlockKey::PartitionPrefix() const {
  return KeyWriter().AppendBytes(Prefix(tenant, shard)).AppendI64(partition_start_ns).Take();
}

std::string LogBlockKey::StreamPrefix() const {
  return KeyWriter().AppendBytes(PartitionPrefix()).AppendU64(stream).Take();
}

std::string LogBlockKey::Encode() const {
  return KeyWriter().AppendBytes(StreamPrefix()).AppendI64(first_ns).AppendU64(first_record).Take();
}

absl::StatusOr<LogBlockKey> LogBlockKey::Decode(std::string_view key) {
  KeyReader reader(key);
  LogBlockKey decoded = {.tenant = reader.ReadTenant(), .shard = reader.ReadU8()};
  const uint8_t kind = reader.ReadU8();
  decoded.partition_start_ns = reader.ReadI64();
  decoded.stream = reader.ReadU64();
  decoded.first_ns = reader.ReadI64();
  decoded.first_record = reader.ReadU64();
  VIGIL_RETURN_IF_ERROR(reader.Finish("log block key"));
  if (kind != kLogBlockKind) return WrongKind("a log block key", key);
  return decoded;
}

std::string SpanBlockKey::Encode() const {
  return KeyWriter()
      .AppendBytes(PartitionPrefix(tenant, shard, partition_start_ns))
      .AppendU64(sequence)
      .Take();
}

absl::StatusOr<SpanBlockKey> SpanBlockKey::Decode(std::string_view key) {
  KeyReader reader(key);
  SpanBlockKey decoded = {.tenant = reader.ReadTenant(),
                          .shard = reader.ReadU8(),
                          .partition_start_ns = reader.ReadI64(),
                          .sequence = reader.ReadU64()};
  VIGIL_RETURN_IF_ERROR(reader.Finish("span block key"));
  return decoded;
}

std::string TraceIndexKey::Prefix(TenantId tenant, const TraceId& trace_id) {
  return KeyWriter().AppendTenant(tenant).AppendBytes(trace_id.AsBytes()).Take();
}

std::string TraceIndexKey::Encode() const {
  return KeyWriter()
      .AppendBytes(Prefix(tenant, trace_id))
      .AppendI64(partition_start_ns)
      .AppendU64(sequence)
      .Take();
}

absl::StatusOr<TraceIndexKey> TraceIndexKey::Decode(std::string_view key) {
  KeyReader reader(key);
  TraceIndexKey decoded = {.tenant = reader.ReadTenant(),
                           .trace_id = TraceId::FromBytes(reader.ReadBytes(sizeof(TraceId))),
                           .partition_start_ns = reader.ReadI64(),
                           .sequence = reader.ReadU64()};
  VIGIL_RETURN_IF_ERROR(reader.Finish("trace index key"));
  return decoded;
}

}  // namespace vigil::storage
