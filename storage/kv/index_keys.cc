// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/index_keys.h"

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/kv/keys.h"

namespace vigil::storage {
namespace {

constexpr char kLabelsHashKind = 'h';
// Of a hash, below those that are in keys.
constexpr int kLostHashBits = 24;
constexpr uint8_t kPostingKind = 'p';
// Bytes that end a terminated field.
constexpr size_t kTerminatorBytes = 2;

std::string KindPrefix(TenantId tenant, uint8_t shard, uint8_t kind) {
  return KeyWriter().AppendTenant(tenant).AppendU8(shard).AppendU8(kind).Take();
}

absl::Status WrongKind(std::string_view what, std::string_view key) {
  return absl::DataLossError(fmt::format("{} is of another kind: {}", what, ToHex(key)));
}

}  // namespace

std::string LabelsHashKey::Prefix(TenantId tenant, uint8_t shard) {
  return KindPrefix(tenant, shard, kLabelsHashKind);
}

std::string LabelsHashKey::Prefix(TenantId tenant, uint8_t shard, uint64_t hash) {
  return KeyWriter()
      .AppendBytes(Prefix(tenant, shard))
      .AppendU8(static_cast<uint8_t>(hash >> 56))
      .AppendU32(static_cast<uint32_t>(hash >> kLostHashBits))
      .Take();
}

std::string LabelsHashKey::Encode() const {
  return KeyWriter().AppendBytes(Prefix(tenant, shard, hash)).AppendU32(number).Take();
}

absl::StatusOr<LabelsHashKey> LabelsHashKey::Decode(std::string_view key) {
  KeyReader reader(key);
  LabelsHashKey decoded = {.tenant = reader.ReadTenant(), .shard = reader.ReadU8()};
  const uint8_t kind = reader.ReadU8();
  decoded.hash = uint64_t{reader.ReadU8()} << 56;
  decoded.hash |= uint64_t{reader.ReadU32()} << kLostHashBits;
  decoded.number = reader.ReadU32();
  VIGIL_RETURN_IF_ERROR(reader.Finish("labels hash key"));
  if (kind != kLabelsHashKind) return WrongKind("labels hash key", key);
  return decoded;
}

std::string NumbersKey::Prefix(TenantId tenant, uint8_t shard, NumberKind kind) {
  return KindPrefix(tenant, shard, static_cast<uint8_t>(kind));
}

std::string NumbersKey::Prefix(TenantId tenant, uint8_t shard, NumberKind kind,
                               int64_t instant_ms) {
  return KeyWriter().AppendBytes(Prefix(tenant, shard, kind)).AppendI64(instant_ms).Take();
}

std::string NumbersKey::Encode() const {
  return KeyWriter().AppendBytes(Prefix(tenant, shard, kind, instant_ms)).AppendU32(group).Take();
}

absl::StatusOr<NumbersKey> NumbersKey::Decode(std::string_view key) {
  KeyReader reader(key);
  NumbersKey decoded = {.tenant = reader.ReadTenant(), .shard = reader.ReadU8()};
  decoded.kind = static_cast<NumberKind>(reader.ReadU8());
  decoded.instant_ms = reader.ReadI64();
  decoded.group = reader.ReadU32();
  VIGIL_RETURN_IF_ERROR(reader.Finish("numbers key"));
  const bool known = decoded.kind == NumberKind::kBlocks || decoded.kind == NumberKind::kDead ||
                     decoded.kind == NumberKind::kRecent;
  if (!known) return WrongKind("numbers key", key);
  if (decoded.group > UINT16_MAX) {
    return absl::DataLossError(fmt::format("numbers key of group {}", decoded.group));
  }
  return decoded;
}

std::string PostingKey::GroupPrefix(TenantId tenant, uint8_t shard, uint32_t group) {
  return KeyWriter().AppendBytes(KindPrefix(tenant, shard, kPostingKind)).AppendU32(group).Take();
}

std::string PostingKey::NamePrefix(TenantId tenant, uint8_t shard, uint32_t group,
                                   std::string_view name) {
  return KeyWriter().AppendBytes(GroupPrefix(tenant, shard, group)).AppendTerminated(name).Take();
}

std::string PostingKey::ValuePrefix(TenantId tenant, uint8_t shard, uint32_t group,
                                    std::string_view name, std::string_view value) {
  return KeyWriter()
      .AppendBytes(NamePrefix(tenant, shard, group, name))
      .AppendTerminated(value)
      .Take();
}

std::string PostingKey::ValuesPrefix(TenantId tenant, uint8_t shard, uint32_t group,
                                     std::string_view name, std::string_view value_prefix) {
  std::string prefix = ValuePrefix(tenant, shard, group, name, value_prefix);
  prefix.resize(prefix.size() - kTerminatorBytes);
  return prefix;
}

std::string PostingKey::Encode() const {
  return KeyWriter()
      .AppendBytes(ValuePrefix(tenant, shard, group, name, value))
      .AppendU64(sequence)
      .Take();
}

absl::StatusOr<PostingKey> PostingKey::Decode(std::string_view key) {
  KeyReader reader(key);
  PostingKey decoded = {.tenant = reader.ReadTenant(), .shard = reader.ReadU8()};
  const uint8_t kind = reader.ReadU8();
  decoded.group = reader.ReadU32();
  decoded.name = reader.ReadTerminated();
  decoded.value = reader.ReadTerminated();
  decoded.sequence = reader.ReadU64();
  VIGIL_RETURN_IF_ERROR(reader.Finish("posting key"));
  if (kind != kPostingKind) return WrongKind("posting key", key);
  if (decoded.group > UINT16_MAX) {
    return absl::DataLossError(fmt::format("posting key of group {}", decoded.group));
  }
  return decoded;
}

}  // namespace vigil::storage
