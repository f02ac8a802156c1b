// SPDX-License-Identifier: Apache-2.0
//
// A key-value store that does something before it takes a snapshot: for tests of what happens
// between a reader's look at memory and its look at the store.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/kv/kv_store.h"

namespace vigil::storage::testing {

// As thread-safe as the inner store; the hook is not.
class HookStore final : public KeyValueStore {
 public:
  explicit HookStore(std::unique_ptr<KeyValueStore> inner) : inner_(std::move(inner)) {}

  // Calls `hook` once, before the next snapshot.
  void BeforeSnapshot(std::function<void()> hook) { hook_ = std::move(hook); }

  std::unique_ptr<KeyValueSnapshot> NewSnapshot() override {
    if (const std::function<void()> hook = std::exchange(hook_, nullptr)) hook();
    return inner_->NewSnapshot();
  }

  absl::Status Write(const WriteBatch& batch, Durability durability) override {
    return inner_->Write(batch, durability);
  }
  absl::Status SyncLog() override { return inner_->SyncLog(); }
  absl::Status Ingest(Family family,
                      const std::vector<std::pair<std::string, std::string>>& entries,
                      TableEffort effort) override {
    return inner_->Ingest(family, entries, effort);
  }
  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key,
                                                 const KeyValueSnapshot* snapshot) override {
    return inner_->Get(family, key, snapshot);
  }
  std::unique_ptr<KeyValueIterator> NewIterator(Family family, KeyRange range,
                                                const KeyValueSnapshot* snapshot,
                                                CacheUse cache) override {
    return inner_->NewIterator(family, std::move(range), snapshot, cache);
  }
  absl::Status DropRange(Family family, std::string_view begin, std::string_view end) override {
    return inner_->DropRange(family, begin, end);
  }
  absl::Status Flush() override { return inner_->Flush(); }
  absl::Status Compact(Family family, const KeyRange& range, std::atomic<bool>* stop) override {
    return inner_->Compact(family, range, stop);
  }
  absl::Status Checkpoint(const std::string& path) override { return inner_->Checkpoint(path); }
  absl::StatusOr<uint64_t> ApproximateBytes(Family family) override {
    return inner_->ApproximateBytes(family);
  }

 private:
  const std::unique_ptr<KeyValueStore> inner_;
  std::function<void()> hook_;
};

}  // namespace vigil::storage::testing
