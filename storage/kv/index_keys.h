// SPDX-License-Identifier: Apache-2.0
//
// The keys of the rows by which series are found, as record_keys.h has those of data. The layout is
// in docs/format/keys.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "storage/model/ids.h"

namespace vigil::storage {

// Family::kSeries: a series whose labels have that hash. The number is in the key, so that writing
// it needs no reading first.
struct LabelsHashKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  uint64_t hash = 0;  // The key has its upper 40 bits: enough to find few.
  uint32_t number = 0;

  // What all keys begin with; those of a hash.
  static std::string Prefix(TenantId tenant, uint8_t shard);
  static std::string Prefix(TenantId tenant, uint8_t shard, uint64_t hash);
  std::string Encode() const;
  static absl::StatusOr<LabelsHashKey> Decode(std::string_view key);
  friend auto operator<=>(const LabelsHashKey&, const LabelsHashKey&) = default;
};

// Of a hash, what is in keys.
inline constexpr uint64_t kLabelsHashMask = ~uint64_t{0} << 24;

// What a row of numbers says of the series in it.
enum class NumberKind : char {
  kBlocks = 'b',  // Have blocks in the partition that begins at the instant.
  kDead = 'd',    // Have no samples; their rows are to go. The instant is 0.
  kRecent =
      'r',  // Had their last sample, as of some flush, in the hour that begins at the instant.
};

// Family::kPostings -> numbers of a group.
struct NumbersKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  NumberKind kind = NumberKind::kBlocks;
  int64_t instant_ms = 0;
  uint32_t group = 0;

  // What the keys of a kind begin with; of the kind at an instant.
  static std::string Prefix(TenantId tenant, uint8_t shard, NumberKind kind);
  static std::string Prefix(TenantId tenant, uint8_t shard, NumberKind kind, int64_t instant_ms);
  std::string Encode() const;
  static absl::StatusOr<NumbersKey> Decode(std::string_view key);
  friend auto operator<=>(const NumbersKey&, const NumbersKey&) = default;
};

// Family::kPostings -> the series of a group that have the label pair; those that have the label at
// all where `value` is empty.
struct PostingKey {
  TenantId tenant = kDefaultTenant;
  uint8_t shard = 0;
  uint32_t group = 0;
  std::string name;
  std::string value;
  uint64_t sequence = 0;

  // What the keys of a group begin with; of a name in it; of the values that begin with
  // `value_prefix`; of a value.
  static std::string GroupPrefix(TenantId tenant, uint8_t shard, uint32_t group);
  static std::string NamePrefix(TenantId tenant, uint8_t shard, uint32_t group,
                                std::string_view name);
  static std::string ValuesPrefix(TenantId tenant, uint8_t shard, uint32_t group,
                                  std::string_view name, std::string_view value_prefix);
  static std::string ValuePrefix(TenantId tenant, uint8_t shard, uint32_t group,
                                 std::string_view name, std::string_view value);
  std::string Encode() const;
  static absl::StatusOr<PostingKey> Decode(std::string_view key);
  friend auto operator<=>(const PostingKey&, const PostingKey&) = default;
};

}  // namespace vigil::storage
