// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/fault_store.h"

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::storage {
namespace {

absl::StatusOr<std::unique_ptr<MemoryStore>> CopyOf(KeyValueStore& store) {
  auto copy = std::make_unique<MemoryStore>();
  const std::unique_ptr<KeyValueSnapshot> snapshot = store.NewSnapshot();
  for (int i = 0; i < kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    WriteBatch batch;
    const auto add = [&](std::string_view key, std::string_view value) {
      batch.Put(family, std::string(key), std::string(value));
      return absl::OkStatus();
    };
    VIGIL_RETURN_IF_ERROR(ForEach(store, family, {}, add, snapshot.get()));
    VIGIL_RETURN_IF_ERROR(copy->Write(batch, Durability::kSync));
  }
  return copy;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FaultStore>> FaultStore::Wrap(std::unique_ptr<KeyValueStore> inner) {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<MemoryStore> durable, CopyOf(*inner));
  return std::unique_ptr<FaultStore>(new FaultStore(std::move(inner), std::move(durable)));
}

void FaultStore::FailAt(Operation operation, int64_t nth, absl::Status error, int64_t count) {
  const MutexLock lock(&mutex_);
  plans_[static_cast<size_t>(operation)] = {
      .skip = nth - 1, .count = count, .error = std::move(error)};
}

void FaultStore::ClearFaults() {
  const MutexLock lock(&mutex_);
  plans_ = {};
}

absl::Status FaultStore::NextOutcomeLocked(Operation operation) {
  Plan& plan = plans_[static_cast<size_t>(operation)];
  if (plan.skip > 0) {
    --plan.skip;
    return absl::OkStatus();
  }
  if (plan.count == 0) return absl::OkStatus();
  --plan.count;
  return plan.error;
}

absl::StatusOr<std::unique_ptr<KeyValueStore>> FaultStore::AfterKill() {
  const MutexLock lock(&mutex_);
  return CopyOf(*inner_);
}

absl::StatusOr<std::unique_ptr<KeyValueStore>> FaultStore::AfterPowerLoss() {
  const MutexLock lock(&mutex_);
  return durable_->Copy();
}

absl::Status FaultStore::CorruptValue(Family family, std::string_view key, size_t index) {
  const MutexLock lock(&mutex_);
  VIGIL_ASSIGN_OR_RETURN(std::optional<std::string> value, inner_->Get(family, key));
  if (!value) return absl::NotFoundError(fmt::format("no such key in {}", FamilyName(family)));
  if (index >= value->size()) {
    return absl::OutOfRangeError(fmt::format("the value has only {} bytes", value->size()));
  }
  (*value)[index] = static_cast<char>(~(*value)[index]);
  WriteBatch batch;
  batch.Put(family, std::string(key), *std::move(value));
  VIGIL_RETURN_IF_ERROR(ApplyLocked(batch));
  return PersistLocked();
}

absl::Status FaultStore::ApplyLocked(const WriteBatch& batch) {
  VIGIL_RETURN_IF_ERROR(inner_->Write(batch, Durability::kNoSync));
  unsynced_.push_back(batch);
  return absl::OkStatus();
}

absl::Status FaultStore::PersistLocked() {
  VIGIL_RETURN_IF_ERROR(inner_->SyncLog());
  for (const WriteBatch& batch : unsynced_) {
    VIGIL_RETURN_IF_ERROR(durable_->Write(batch, Durability::kSync));
  }
  unsynced_.clear();
  return absl::OkStatus();
}

absl::Status FaultStore::Write(const WriteBatch& batch, Durability durability) {
  const MutexLock lock(&mutex_);
  VIGIL_RETURN_IF_ERROR(NextOutcomeLocked(Operation::kWrite));
  VIGIL_RETURN_IF_ERROR(ApplyLocked(batch));
  if (durability == Durability::kNoSync) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(NextOutcomeLocked(Operation::kSync));
  return PersistLocked();
}

absl::Status FaultStore::SyncLog() {
  const MutexLock lock(&mutex_);
  VIGIL_RETURN_IF_ERROR(NextOutcomeLocked(Operation::kSync));
  return PersistLocked();
}

absl::Status FaultStore::Ingest(Family family,
                                const std::vector<std::pair<std::string, std::string>>& entries,
                                TableEffort effort) {
  const MutexLock lock(&mutex_);
  VIGIL_RETURN_IF_ERROR(NextOutcomeLocked(Operation::kWrite));
  VIGIL_RETURN_IF_ERROR(inner_->Ingest(family, entries, effort));
  // Durable at once, past the log. What the log holds of the same keys is older, so the entries
  // count once more behind it when that becomes durable.
  WriteBatch batch;
  for (const auto& [key, value] : entries) batch.Put(family, key, value);
  VIGIL_RETURN_IF_ERROR(durable_->Write(batch, Durability::kSync));
  if (!unsynced_.empty()) unsynced_.push_back(std::move(batch));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> FaultStore::Get(Family family, std::string_view key,
                                                           const KeyValueSnapshot* snapshot) {
  {
    const MutexLock lock(&mutex_);
    VIGIL_RETURN_IF_ERROR(NextOutcomeLocked(Operation::kGet));
  }
  return inner_->Get(family, key, snapshot);
}

std::unique_ptr<KeyValueIterator> FaultStore::NewIterator(Family family, KeyRange range,
                                                          const KeyValueSnapshot* snapshot,
                                                          CacheUse cache) {
  return inner_->NewIterator(family, std::move(range), snapshot, cache);
}

absl::Status FaultStore::DropRange(Family family, std::string_view begin, std::string_view end) {
  const MutexLock lock(&mutex_);
  VIGIL_RETURN_IF_ERROR(NextOutcomeLocked(Operation::kWrite));
  WriteBatch batch;
  batch.DeleteRange(family, std::string(begin), std::string(end));
  VIGIL_RETURN_IF_ERROR(inner_->DropRange(family, begin, end));
  unsynced_.push_back(std::move(batch));
  return absl::OkStatus();
}

absl::Status FaultStore::Flush() {
  const MutexLock lock(&mutex_);
  VIGIL_RETURN_IF_ERROR(NextOutcomeLocked(Operation::kSync));
  VIGIL_RETURN_IF_ERROR(inner_->Flush());
  return PersistLocked();
}

}  // namespace vigil::storage
