// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/trim_rows.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/keys.h"

namespace vigil::storage {
namespace {

constexpr Family kFamilies[] = {Family::kMeta, Family::kState};

std::string RowKey(uint8_t shard) { return fmt::format("journal/{}", shard); }

absl::StatusOr<JournalPosition> ReadRow(KeyValueStore& store, Family family, uint8_t shard) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> value, store.Get(family, RowKey(shard)));
  if (!value) return 0;
  KeyReader reader(*value);
  const JournalPosition trimmed = reader.ReadU64();
  VIGIL_RETURN_IF_ERROR(reader.Finish(fmt::format("trimmed position of journal {}", shard)));
  return trimmed;
}

}  // namespace

void AddTrimRow(uint8_t shard, JournalPosition through, WriteBatch* batch) {
  for (const Family family : kFamilies) {
    batch->Put(family, RowKey(shard), KeyWriter().AppendU64(through).Take());
  }
}

absl::StatusOr<JournalPosition> ReadTrimRow(KeyValueStore& store, uint8_t shard) {
  JournalPosition trimmed = 0;
  bool found = false;
  absl::Status damage;
  for (const Family family : kFamilies) {
    const absl::StatusOr<JournalPosition> one = ReadRow(store, family, shard);
    if (one.ok()) {
      found |= *one != 0;
      trimmed = std::max(trimmed, *one);
    } else if (absl::IsDataLoss(one.status())) {
      damage = one.status();
    } else {
      return one;
    }
  }
  if (!found && !damage.ok()) return damage;
  return trimmed;
}

}  // namespace vigil::storage
