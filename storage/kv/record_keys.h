// SPDX-License-Identifier: Apache-2.0
//
// The keys that data is kept under, one struct per kind. Encode and Decode are each other's
// inverse; Decode gives DataLoss on anything that Encode does not make. The members stand in the
// order of the key, so keys sort as the structs compare. The layout is in docs/format/keys.md.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "storage/model/ids.h"

namespace vigil::storage {

// Family::kJournal -> entry.
struct JournalKey {
  uint8_t shard = 0;
  uint64_t position = 0;

  std::string Encode() const;
  static absl::StatusOr<JournalKey> Decode(std::string_view key);
  friend auto operator<=>(const JournalKey&, const JournalKey&) = default;
};

// Family::kSeries -> packed labels.
struct SeriesKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  uint64_t number = 0;

  // What the keys of all series of the tenant and shard begin with.
  static std::string Prefix(TenantId tenant, uint8_t shard);
  std::string Encode() const;
  static absl::StatusOr<SeriesKey> Decode(std::string_view key);
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

// Family::kSeries -> metadata of the metric.
struct MetadataKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  std::string metric_name;

  static std::string Prefix(TenantId tenant, uint8_t shard);
  std::string Encode() const;
  static absl::StatusOr<MetadataKey> Decode(std::string_view key);
  friend auto operator<=>(const MetadataKey&, const MetadataKey&) = default;
};

// Family::kBlocks -> metric block. `metric` is MetricHash of the metric's name.
struct BlockKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  int64_t partition_start_ms = 0;
  uint32_t metric = 0;
  uint64_t series = 0;
  int64_t first_ms = 0;
  uint64_t sequence = 0;

  // What the keys of all blocks of that metric, or series, in that partition begin with.
  std::string MetricPrefix() const;
  std::string SeriesPrefix() const;
  std::string Encode() const;
  static absl::StatusOr<BlockKey> Decode(std::string_view key);
  friend auto operator<=>(const BlockKey&, const BlockKey&) = default;
};

// Family::kBlocks -> timestamp column that blocks of the partition share. Sorts behind its blocks.
struct TimestampColumnKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  int64_t partition_start_ms = 0;
  uint64_t column = 0;

  static std::string Prefix(TenantId tenant, uint8_t shard, int64_t partition_start_ms);
  std::string Encode() const;
  static absl::StatusOr<TimestampColumnKey> Decode(std::string_view key);
  friend auto operator<=>(const TimestampColumnKey&, const TimestampColumnKey&) = default;
};

// Family::kExemplars -> exemplars of a series. `metric` is MetricHash of the metric's name.
struct ExemplarKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  int64_t partition_start_ms = 0;
  uint32_t metric = 0;
  uint64_t series = 0;
  uint64_t sequence = 0;

  std::string Encode() const;
  static absl::StatusOr<ExemplarKey> Decode(std::string_view key);
  friend auto operator<=>(const ExemplarKey&, const ExemplarKey&) = default;
};

// Family::kLogBlocks -> packed labels of the stream.
struct LogStreamKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  uint64_t stream = 0;

  static std::string Prefix(TenantId tenant, uint8_t shard);
  std::string Encode() const;
  static absl::StatusOr<LogStreamKey> Decode(std::string_view key);
  friend auto operator<=>(const LogStreamKey&, const LogStreamKey&) = default;
};

// Family::kLogBlocks -> row block.
struct LogBlockKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  int64_t partition_start_ns = 0;
  uint64_t stream = 0;
  int64_t first_ns = 0;
  uint64_t first_record = 0;

  // What the keys of all log blocks of the shard, of the partition, of the stream in the partition
  // begin with.
  static std::string Prefix(TenantId tenant, uint8_t shard);
  std::string PartitionPrefix() const;
  std::string StreamPrefix() const;
  std::string Encode() const;
  static absl::StatusOr<LogBlockKey> Decode(std::string_view key);
  friend auto operator<=>(const LogBlockKey&, const LogBlockKey&) = default;
};

// Family::kSpanBlocks -> row block.
struct SpanBlockKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  int64_t partition_start_ns = 0;
  uint64_t sequence = 0;

  std::string Encode() const;
  static absl::StatusOr<SpanBlockKey> Decode(std::string_view key);
  friend auto operator<=>(const SpanBlockKey&, const SpanBlockKey&) = default;
};

// Family::kTraceIndex -> nothing: the key says that the span block has spans of the trace. The
// block's shard follows from the trace id.
struct TraceIndexKey {
  TenantId tenant = kDefaultTenant;
  TraceId trace_id;
  int64_t partition_start_ns = 0;
  uint64_t sequence = 0;

  static std::string Prefix(TenantId tenant, const TraceId& trace_id);
  std::string Encode() const;
  static absl::StatusOr<TraceIndexKey> Decode(std::string_view key);
  friend auto operator<=>(const TraceIndexKey&, const TraceIndexKey&) = default;
};

}  // namespace vigil::storage
