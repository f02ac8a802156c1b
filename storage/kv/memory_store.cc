// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/memory_store.h"

#include <iterator>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::storage {
namespace {

using Table = MemoryStore::Table;

size_t IndexOf(Family family) { return static_cast<size_t>(family); }

class MemorySnapshot final : public KeyValueSnapshot {
 public:
  using Tables = std::array<std::shared_ptr<const Table>, kFamilyCount>;
  explicit MemorySnapshot(Tables tables) : tables_(std::move(tables)) {}

  const std::shared_ptr<const Table>& TableOf(Family family) const {
    return tables_[IndexOf(family)];
  }

 private:
  const Tables tables_;
};

const std::shared_ptr<const Table>& TableIn(const KeyValueSnapshot& snapshot, Family family) {
  return static_cast<const MemorySnapshot&>(snapshot).TableOf(family);
}

class MemoryIterator final : public KeyValueIterator {
 public:
  MemoryIterator(std::shared_ptr<const Table> table, KeyRange range)
      : table_(std::move(table)),
        range_(std::move(range)),
        first_(table_->lower_bound(range_.lower)),
        limit_(Limit()),
        at_(limit_) {}

  void Seek(std::string_view key) override {
    if (key <= range_.lower) {
      at_ = first_;
    } else if (!range_.upper.empty() && key >= range_.upper) {
      at_ = limit_;
    } else {
      at_ = table_->lower_bound(key);
    }
  }
  void SeekToLast() override { at_ = first_ == limit_ ? limit_ : std::prev(limit_); }
  bool Valid() const override { return at_ != limit_; }
  void Next() override { ++at_; }
  void Prev() override { at_ = at_ == first_ ? limit_ : std::prev(at_); }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return *at_->second; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  Table::const_iterator Limit() const {
    if (range_.upper.empty()) return table_->end();
    return range_.upper <= range_.lower ? first_ : table_->lower_bound(range_.upper);
  }

  const std::shared_ptr<const Table> table_;
  const KeyRange range_;
  const Table::const_iterator first_;
  const Table::const_iterator limit_;
  Table::const_iterator at_;  // limit_ when not on an entry.
};

std::optional<std::string> Find(const Table& table, std::string_view key) {
  const auto found = table.find(key);
  return found == table.end() ? std::nullopt : std::optional<std::string>(*found->second);
}

void Apply(const WriteBatch::Entry& entry, Table* table) {
  switch (entry.kind) {
    case WriteBatch::Kind::kPut:
      (*table)[entry.key] = std::make_shared<const std::string>(entry.value);
      break;
    case WriteBatch::Kind::kDelete:
      table->erase(entry.key);
      break;
    case WriteBatch::Kind::kDeleteRange:
      table->erase(table->lower_bound(entry.key), table->lower_bound(entry.value));
      break;
  }
}

}  // namespace

MemoryStore::MemoryStore() = default;

MemoryStore::Table& MemoryStore::MutableTableLocked(Family family) {
  Slot& slot = slots_[IndexOf(family)];
  if (slot.shared) {
    slot.table = std::make_shared<Table>(*slot.table);
    slot.shared = false;
  }
  return *slot.table;
}

std::shared_ptr<const MemoryStore::Table> MemoryStore::ShareLocked(Family family) {
  Slot& slot = slots_[IndexOf(family)];
  slot.shared = true;
  return slot.table;
}

absl::Status MemoryStore::Write(const WriteBatch& batch, Durability) {
  VIGIL_RETURN_IF_ERROR(batch.Check());
  const MutexLock lock(&mutex_);
  for (const WriteBatch::Entry& entry : batch.entries()) {
    Apply(entry, &MutableTableLocked(entry.family));
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Ingest(Family family,
                                 const std::vector<std::pair<std::string, std::string>>& entries,
                                 TableEffort effort) {
  VIGIL_RETURN_IF_ERROR(CheckAscending(entries));
  const MutexLock lock(&mutex_);
  Table& table = MutableTableLocked(family);
  for (const auto& [key, value] : entries) {
    table[key] = std::make_shared<const std::string>(value);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> MemoryStore::Get(Family family, std::string_view key,
                                                            const KeyValueSnapshot* snapshot) {
  if (snapshot != nullptr) return Find(*TableIn(*snapshot, family), key);
  const MutexLock lock(&mutex_);
  return Find(*slots_[IndexOf(family)].table, key);
}

std::unique_ptr<KeyValueIterator> MemoryStore::NewIterator(Family family, KeyRange range,
                                                           const KeyValueSnapshot* snapshot,
                                                           CacheUse) {
  if (snapshot != nullptr) {
    return std::make_unique<MemoryIterator>(TableIn(*snapshot, family), std::move(range));
  }
  const MutexLock lock(&mutex_);
  return std::make_unique<MemoryIterator>(ShareLocked(family), std::move(range));
}

std::unique_ptr<KeyValueSnapshot> MemoryStore::NewSnapshot() {
  const MutexLock lock(&mutex_);
  MemorySnapshot::Tables tables;
  for (int i = 0; i < kFamilyCount; ++i) tables[i] = ShareLocked(static_cast<Family>(i));
  return std::make_unique<MemorySnapshot>(std::move(tables));
}

absl::Status MemoryStore::DropRange(Family family, std::string_view begin, std::string_view end) {
  WriteBatch batch;
  batch.DeleteRange(family, std::string(begin), std::string(end));
  return Write(batch, Durability::kSync);
}

absl::Status MemoryStore::Checkpoint(const std::string& path) {
  return absl::FailedPreconditionError(
      fmt::format("a store in memory cannot be copied to {}", path));
}

absl::StatusOr<uint64_t> MemoryStore::ApproximateBytes(Family family) {
  const MutexLock lock(&mutex_);
  uint64_t bytes = 0;
  for (const auto& [key, value] : *slots_[IndexOf(family)].table) {
    bytes += key.size() + value->size();
  }
  return bytes;
}

std::unique_ptr<MemoryStore> MemoryStore::Copy() {
  auto copy = std::make_unique<MemoryStore>();
  const MutexLock lock(&mutex_);
  const MutexLock copy_lock(&copy->mutex_);
  for (size_t i = 0; i < slots_.size(); ++i) {
    // Shared on both sides: whoever writes first copies.
    slots_[i].shared = true;
    copy->slots_[i] = slots_[i];
  }
  return copy;
}

}  // namespace vigil::storage
