// SPDX-License-Identifier: Apache-2.0
//
// Opens data directories, those of earlier versions too.
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/storage_impl.h"

namespace vigil::storage {
namespace {

using JournalPlace = StorageImpl::JournalPlace;

// Makes the directory if need be and sees that it can be written.
absl::Status PrepareDirectory(const std::string& path) {
  absl::Status status = MakeDirectories(path);
  if (status.ok()) status = CheckWritable(path);
  if (status.ok()) return status;
  return absl::Status(
      status.code(),
      fmt::format("data directory {} cannot be used: {}; name a directory that vigil may write to "
                  "with --data-dir",
                  path, MessageOf(status)));
}

absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenStore(const StorageOptions& options) {
  RocksDbOptions rocksdb;
  rocksdb.directory = options.data_dir;
  rocksdb.memory_bytes = options.store_memory_bytes;
  return OpenRocksDb(rocksdb);
}

absl::StatusOr<std::unique_ptr<StorageImpl>> OpenWith(std::unique_ptr<KeyValueStore> store,
                                                      const StorageOptions& options,
                                                      const Clock* clock, JournalPlace place) {
  auto storage = std::make_unique<StorageImpl>(std::move(store), options, clock);
  VIGIL_RETURN_IF_ERROR_WITH(storage->Recover(place), fmt::format("opening {}", options.data_dir));
  return storage;
}

// Whether an earlier version, or a repair, left entries in the key-value store.
absl::StatusOr<bool> HasEntries(KeyValueStore& store) {
  const auto iterator = store.NewIterator(Family::kJournal, {});
  iterator->Seek("");
  VIGIL_RETURN_IF_ERROR(iterator->status());
  return iterator->Valid();
}

// Replays those entries and moves them to blocks. Until that is done the directory is what it was.
absl::Status MoveEntries(std::unique_ptr<KeyValueStore> store, const StorageOptions& options,
                         const Clock* clock) {
  VIGIL_ASSIGN_OR_RETURN(const auto storage,
                         OpenWith(std::move(store), options, clock, JournalPlace::kRowsToMove));
  VIGIL_RETURN_IF_ERROR_WITH(storage->Flush(),
                             "moving the journal of an earlier version to blocks");
  Log(LogLevel::kInfo, "journal of an earlier version moved to blocks",
      {{"directory", options.data_dir}});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Storage>> Storage::Open(const StorageOptions& options,
                                                       const Clock* clock) {
  VIGIL_RETURN_IF_ERROR(PrepareDirectory(options.data_dir));
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<KeyValueStore> store, OpenStore(options));
  VIGIL_ASSIGN_OR_RETURN(const bool has_entries, HasEntries(*store));
  if (has_entries) {
    VIGIL_RETURN_IF_ERROR(MoveEntries(std::move(store), options, clock));
    VIGIL_ASSIGN_OR_RETURN(store, OpenStore(options));
  }
  return OpenWith(std::move(store), options, clock, JournalPlace::kFiles);
}

absl::StatusOr<std::unique_ptr<Storage>> Storage::OpenOn(std::unique_ptr<KeyValueStore> store,
                                                         const StorageOptions& options,
                                                         const Clock* clock) {
  return OpenWith(std::move(store), options, clock, JournalPlace::kKeyValueStore);
}

}  // namespace vigil::storage
