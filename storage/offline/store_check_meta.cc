// SPDX-License-Identifier: Apache-2.0
//
// The part of StoreCheck for what the whole directory hangs on.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/format_version.h"
#include "storage/kv/keys.h"
#include "storage/offline/store_check.h"

namespace vigil::storage {
namespace {

// Counters that are made anew begin so far above all that was seen: what was lost may have had
// more.
constexpr uint64_t kCounterMargin = 1 << 20;

std::string CountersRow(uint8_t shard) { return fmt::format("metrics/{}", shard); }

}  // namespace

void StoreCheck::CheckMetaIsWhole() {
  const bool empty = tenants_seen_.empty() && shards_seen_.empty() && meta_.empty();
  if (empty) return;
  for (const std::string_view row : {kFormatRow, kShardsRow}) {
    if (!meta_.contains(std::string(row))) {
      Note(Family::kMeta, fmt::format("the row \"{}\" is lost: the directory does not open", row));
    }
  }
  for (const auto& [shard, sequence] : highest_sequence_) {
    if (!meta_.contains(CountersRow(shard))) {
      Note(Family::kMeta, fmt::format("the counters of shard {} are lost", shard));
    }
  }
  for (const TenantId tenant : tenants_seen_) {
    if (tenant == kDefaultTenant || tenant_names_.contains(tenant)) continue;
    Note(Family::kMeta,
         fmt::format("the name of tenant {} is lost", static_cast<uint32_t>(tenant)));
  }
}

absl::Status StoreCheck::AddDerivedRows(WriteBatch* batch) const {
  batch->Put(Family::kMeta, std::string(kFormatRow), std::string(kFormatVersion));
  if (!meta_.contains(std::string(kShardsRow))) {
    std::vector<uint32_t> fitting;
    for (const uint32_t shards : possible_shards_) {
      if (shards_seen_.empty() || shards > *shards_seen_.rbegin()) fitting.push_back(shards);
    }
    if (fitting.size() != 1) {
      return absl::DataLossError(fmt::format(
          "how many shards the directory has is lost, and its series fit {} numbers of them: put "
          "back a snapshot",
          fitting.size()));
    }
    batch->Put(Family::kMeta, std::string(kShardsRow), fmt::to_string(fitting.front()));
  }
  for (const uint8_t shard : shards_seen_) {
    if (meta_.contains(CountersRow(shard))) continue;
    const auto number = highest_number_.find(shard);
    const auto sequence = highest_sequence_.find(shard);
    const auto above = [](uint64_t highest) { return highest + kCounterMargin; };
    batch->Put(Family::kMeta, CountersRow(shard),
               KeyWriter()
                   .AppendU64(above(number == highest_number_.end() ? 0 : number->second))
                   .AppendU64(above(sequence == highest_sequence_.end() ? 0 : sequence->second))
                   .Take());
  }
  // Numbers of tenants are given out by counting names: each needs one.
  uint32_t highest_tenant = 0;
  for (const TenantId tenant : tenants_seen_) {
    highest_tenant = std::max(highest_tenant, static_cast<uint32_t>(tenant));
  }
  for (const auto& [tenant, name] : tenant_names_) {
    highest_tenant = std::max(highest_tenant, static_cast<uint32_t>(tenant));
  }
  for (uint32_t tenant = 1; tenant <= highest_tenant; ++tenant) {
    if (tenant_names_.contains(TenantId{tenant})) continue;
    batch->Put(Family::kMeta, fmt::format("tenant/lost-{}", tenant),
               KeyWriter().AppendU32(tenant).Take());
  }
  for (const auto& [id, presence] : presence_) presence->AddRows(batch);
  for (const auto& [id, recent] : recent_) recent->AddRows(batch);
  return absl::OkStatus();
}

}  // namespace vigil::storage
