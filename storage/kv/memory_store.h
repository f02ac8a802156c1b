// SPDX-License-Identifier: Apache-2.0
//
// The key-value store in memory: for tests, and the model that RocksDB's store is held against.
// Everything is durable until the store goes; there are no files to flush or to copy.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "storage/kv/kv_store.h"

namespace vigil::storage {

// Thread-safe. Iterators and snapshots share a family's table as it is; the next write to that
// family then copies it. Values are not copied.
class MemoryStore final : public KeyValueStore {
 public:
  MemoryStore();

  absl::Status Write(const WriteBatch& batch, Durability durability) override;
  absl::Status SyncLog() override { return absl::OkStatus(); }
  absl::Status Ingest(Family family,
                      const std::vector<std::pair<std::string, std::string>>& entries,
                      TableEffort effort) override;
  absl::StatusOr<std::optional<std::string>> Get(
      Family family, std::string_view key, const KeyValueSnapshot* snapshot = nullptr) override;
  std::unique_ptr<KeyValueIterator> NewIterator(Family family, KeyRange range,
                                                const KeyValueSnapshot* snapshot = nullptr,
                                                CacheUse cache = CacheUse::kFill) override;
  std::unique_ptr<KeyValueSnapshot> NewSnapshot() override;
  absl::Status DropRange(Family family, std::string_view begin, std::string_view end) override;
  absl::Status Flush() override { return absl::OkStatus(); }
  absl::Status Compact(Family, const KeyRange& = {}, std::atomic<bool>* = nullptr) override {
    return absl::OkStatus();
  }
  // FailedPrecondition: there is nothing on disk.
  absl::Status Checkpoint(const std::string& path) override;
  absl::StatusOr<uint64_t> ApproximateBytes(Family family) override;

  // An independent store with what this one holds now.
  std::unique_ptr<MemoryStore> Copy();

  using Table = std::map<std::string, std::shared_ptr<const std::string>, std::less<>>;

 private:
  // A family's table and whether readers hold on to it.
  struct Slot {
    std::shared_ptr<Table> table = std::make_shared<Table>();
    bool shared = false;
  };

  Table& MutableTableLocked(Family family) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<const Table> ShareLocked(Family family) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::array<Slot, kFamilyCount> slots_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
