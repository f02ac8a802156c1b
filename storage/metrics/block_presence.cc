// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_presence.h"

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/keys.h"

// Key:    tenant u32 · shard u8 · partition i64 · group u32 (number / 65536), as keys are
// Value:  either the low 16 bits of the numbers, ascending, u16 little-endian each (shorter than
//         8192 bytes), or 8192 bytes of bits, bit n % 8 of byte n / 8 for the low 16 bits n
namespace vigil::storage {
namespace {

constexpr int kGroupBits = 16;
constexpr uint32_t kGroupSize = 1u << kGroupBits;
constexpr size_t kBitmapBytes = kGroupSize / 8;

struct RowKey {
  int64_t partition_ms = 0;
  uint32_t group = 0;
};

std::string EncodeKey(TenantId tenant, uint8_t shard, RowKey key) {
  return KeyWriter()
      .AppendBytes(PartitionPrefix(tenant, shard, key.partition_ms))
      .AppendU32(key.group)
      .Take();
}

absl::StatusOr<RowKey> DecodeKey(std::string_view bytes) {
  KeyReader reader(bytes);
  reader.ReadTenant();
  reader.ReadU8();
  RowKey key;
  key.partition_ms = reader.ReadI64();
  key.group = reader.ReadU32();
  VIGIL_RETURN_IF_ERROR(reader.Finish("block presence key"));
  if (key.group >> (32 - kGroupBits) != 0) {
    return absl::DataLossError(fmt::format("block presence key of group {}", key.group));
  }
  return key;
}

std::string EncodeMembers(const SeriesSet& numbers, uint32_t group) {
  std::vector<uint16_t> members;
  auto at = numbers.begin();
  at.equalorlarger(group << kGroupBits);
  for (; at != numbers.end() && *at >> kGroupBits == group; ++at) {
    members.push_back(static_cast<uint16_t>(*at));
  }
  std::string value;
  if (members.size() * 2 < kBitmapBytes) {
    for (const uint16_t member : members) {
      value.push_back(static_cast<char>(member));
      value.push_back(static_cast<char>(member >> 8));
    }
  } else {
    value.resize(kBitmapBytes);
    for (const uint16_t member : members) {
      value[member / 8] = static_cast<char>(value[member / 8] | 1 << (member % 8));
    }
  }
  return value;
}

// Adds the members in `value`; false if it is not such a value.
bool DecodeMembers(std::string_view value, uint32_t group, SeriesSet* numbers) {
  const uint32_t first = group << kGroupBits;
  if (value.size() == kBitmapBytes) {
    for (uint32_t member = 0; member < kGroupSize; ++member) {
      if ((value[member / 8] >> (member % 8)) & 1) numbers->add(first + member);
    }
    return true;
  }
  if (value.size() > kBitmapBytes || value.size() % 2 != 0) return false;
  for (size_t i = 0; i < value.size(); i += 2) {
    numbers->add(first + static_cast<uint8_t>(value[i]) +
                 (static_cast<uint32_t>(static_cast<uint8_t>(value[i + 1])) << 8));
  }
  return true;
}

}  // namespace

absl::Status BlockPresence::Restore(std::string_view key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const RowKey row, DecodeKey(key));
  WriterLock lock(&mutex_);
  SeriesSet& numbers = partitions_[row.partition_ms];
  if (DecodeMembers(value, row.group, &numbers)) return absl::OkStatus();
  const uint64_t first = uint64_t{row.group} << kGroupBits;
  numbers.addRange(first, first + kGroupSize);
  return absl::DataLossError(fmt::format("block presence row has {} bytes", value.size()));
}

void BlockPresence::Add(int64_t partition_ms, uint32_t number) {
  WriterLock lock(&mutex_);
  SeriesSet& numbers = partitions_[partition_ms];
  if (numbers.contains(number)) return;
  numbers.add(number);
  changed_.emplace(partition_ms, number >> kGroupBits);
}

void BlockPresence::Remove(int64_t partition_ms, uint32_t number) {
  WriterLock lock(&mutex_);
  const auto numbers = partitions_.find(partition_ms);
  if (numbers == partitions_.end() || !numbers->second.contains(number)) return;
  numbers->second.remove(number);
  changed_.emplace(partition_ms, number >> kGroupBits);
}

std::vector<int64_t> BlockPresence::PartitionsOf(uint32_t number, TimeRange partitions) const {
  std::vector<int64_t> found;
  ReaderLock lock(&mutex_);
  for (auto at = partitions_.lower_bound(partitions.start_ms);
       at != partitions_.end() && at->first <= partitions.end_ms; ++at) {
    if (at->second.contains(number)) found.push_back(at->first);
  }
  return found;
}

void BlockPresence::ForEach(absl::FunctionRef<void(int64_t, const SeriesSet&)> visit) const {
  ReaderLock lock(&mutex_);
  for (const auto& [partition, numbers] : partitions_) visit(partition, numbers);
}

bool BlockPresence::HasPartitionBefore(int64_t partition_ms) const {
  ReaderLock lock(&mutex_);
  return !partitions_.empty() && partitions_.begin()->first < partition_ms;
}

void BlockPresence::DropBefore(int64_t partition_ms) {
  WriterLock lock(&mutex_);
  partitions_.erase(partitions_.begin(), partitions_.lower_bound(partition_ms));
  changed_.erase(changed_.begin(), changed_.lower_bound({partition_ms, 0}));
}

void BlockPresence::AddRows(WriteBatch* batch) const {
  ReaderLock lock(&mutex_);
  for (const auto& [partition, group] : changed_) {
    batch->Put(Family::kPostings, EncodeKey(tenant_, shard_, {partition, group}),
               EncodeMembers(partitions_.at(partition), group));
  }
}

void BlockPresence::RowsWritten() {
  WriterLock lock(&mutex_);
  changed_.clear();
}

}  // namespace vigil::storage
