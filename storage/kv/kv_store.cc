// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/kv_store.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::storage {

std::string_view FamilyName(Family family) {
  static constexpr std::array<std::string_view, kFamilyCount> kNames = {
      "meta",       "series",      "postings",    "journal", "blocks",
      "log_blocks", "span_blocks", "trace_index", "state",   "exemplars"};
  const auto index = static_cast<size_t>(family);
  VIGIL_CHECK(index < kNames.size());
  return kNames[index];
}

void WriteBatch::Put(Family family, std::string key, std::string value) {
  size_bytes_ += key.size() + value.size();
  entries_.push_back({Kind::kPut, family, std::move(key), std::move(value)});
}

void WriteBatch::Delete(Family family, std::string key) {
  size_bytes_ += key.size();
  entries_.push_back({Kind::kDelete, family, std::move(key), {}});
}

void WriteBatch::DeleteRange(Family family, std::string begin, std::string end) {
  size_bytes_ += begin.size() + end.size();
  entries_.push_back({Kind::kDeleteRange, family, std::move(begin), std::move(end)});
}

void WriteBatch::Append(const WriteBatch& other) {
  size_bytes_ += other.size_bytes_;
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

absl::Status WriteBatch::Check() const {
  for (const Entry& entry : entries_) {
    if (entry.kind == Kind::kDeleteRange && entry.value < entry.key) {
      return absl::InvalidArgumentError(
          fmt::format("range to delete from {} ends before it begins", FamilyName(entry.family)));
    }
  }
  return absl::OkStatus();
}

void WriteBatch::Clear() {
  entries_.clear();
  size_bytes_ = 0;
}

absl::Status ForEach(
    KeyValueStore& store, Family family, KeyRange range,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> visit,
    const KeyValueSnapshot* snapshot) {
  const std::string first = range.lower;
  const auto iterator = store.NewIterator(family, std::move(range), snapshot);
  for (iterator->Seek(first); iterator->Valid(); iterator->Next()) {
    VIGIL_RETURN_IF_ERROR(visit(iterator->key(), iterator->value()));
  }
  return iterator->status();
}

absl::Status CheckAscending(const std::vector<std::pair<std::string, std::string>>& entries) {
  for (size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].first <= entries[i - 1].first) {
      return absl::InvalidArgumentError(
          fmt::format("key {} of {} to ingest is not above its predecessor", i, entries.size()));
    }
  }
  return absl::OkStatus();
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

}  // namespace vigil::storage
