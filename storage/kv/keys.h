// SPDX-License-Identifier: Apache-2.0
//
// How keys are built and read back. Numbers are big-endian so that bytewise order is numeric order,
// and a key's fields stand in the order in which queries narrow them down. The layout of every
// family is in docs/format/keys.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Puts a key together field by field. Keys of one kind (the same fields in the same order) sort as
// the tuples of their fields do.
class KeyWriter {
 public:
  KeyWriter& AppendU8(uint8_t value);
  KeyWriter& AppendU32(uint32_t value);
  KeyWriter& AppendU64(uint64_t value);
  // With the sign bit flipped: negative numbers sort before positive ones.
  KeyWriter& AppendI64(int64_t value);
  KeyWriter& AppendTenant(TenantId tenant) { return AppendU32(static_cast<uint32_t>(tenant)); }
  // As they are: for the last field, or one of fixed length.
  KeyWriter& AppendBytes(std::string_view bytes);
  // Bytes of any length with more fields behind: 0x00 becomes 0x00 0xFF, the end is 0x00 0x01.
  KeyWriter& AppendTerminated(std::string_view bytes);

  // The key; leaves the writer empty.
  std::string Take();

 private:
  std::string key_;
};

// Takes a key apart, in the order in which it was written. Reading beyond the end gives zeroes and
// makes Finish fail, so a decoder asks once, at its end. Borrows the key.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : key_(key), rest_(key) {}

  uint8_t ReadU8();
  uint32_t ReadU32();
  uint64_t ReadU64();
  int64_t ReadI64();
  TenantId ReadTenant() { return TenantId{ReadU32()}; }
  std::string_view ReadBytes(size_t size);
  std::string_view ReadRest();
  std::string ReadTerminated();

  // DataLoss, naming `what` and the key's bytes, unless the key held exactly what was read.
  absl::Status Finish(std::string_view what) const;

 private:
  template <typename T>
  T ReadBigEndian();

  std::string_view key_;
  std::string_view rest_;
  bool failed_ = false;
};

// Every key that begins with `prefix`.
KeyRange PrefixRange(std::string_view prefix);

// tenant · shard: how the keys of series, blocks, log_blocks and span_blocks begin.
std::string ShardPrefix(TenantId tenant, uint8_t shard);

// tenant · shard · partition start: how the keys of blocks and span_blocks go on.
std::string PartitionPrefix(TenantId tenant, uint8_t shard, int64_t partition_start);

// Stands for a metric in block keys; different metrics may share one. Never kTimestampColumns.
uint32_t MetricHash(std::string_view metric_name);

// In the place of the metric's hash: what follows is the id of a shared timestamp column.
inline constexpr uint32_t kTimestampColumns = 0xFFFFFFFF;

}  // namespace vigil::storage
