// SPDX-License-Identifier: Apache-2.0
//
// The ordered key-value store that everything is kept in. Three stand behind it: RocksDB
// (rocksdb_store.h), memory (memory_store.h) and one that fails on request (fault_store.h); one
// conformance suite holds for all.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace vigil::storage {

// Keyspaces that are stored apart (RocksDB column families). The key layout of each is in
// docs/format/keys.md and storage/kv/keys.h.
enum class Family : uint8_t {
  kMeta = 0,        // Format version, shard count, tenants, positions.
  kSeries = 1,      // Series id -> labels; metric name -> metadata.
  kPostings = 2,    // Label pair -> series bitmap.
  kJournal = 3,     // What was accepted but is not in blocks yet.
  kBlocks = 4,      // Metric columns.
  kLogBlocks = 5,   // Log columns and streams.
  kSpanBlocks = 6,  // Span columns.
  kTraceIndex = 7,  // Trace id -> span blocks.
  kState = 8,       // Alert states, notification log, outbox, stream positions.
  kExemplars = 9,   // Exemplars of metric series.
};
inline constexpr int kFamilyCount = 10;

// "meta", "series" and so on.
std::string_view FamilyName(Family family);

// Changes that take effect together or not at all, in the order they were added. Not thread-safe.
class WriteBatch {
 public:
  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };
  struct Entry {
    Kind kind;
    Family family;
    std::string key;
    std::string value;  // For kDeleteRange the end of the range, which stays.
  };

  void Put(Family family, std::string key, std::string value);
  void Delete(Family family, std::string key);
  // Removes every key in [begin, end). An empty `end` lies before every key (unlike a KeyRange's).
  void DeleteRange(Family family, std::string begin, std::string end);

  // Adds the changes of `other` behind these.
  void Append(const WriteBatch& other);

  // InvalidArgument when a range ends before it begins. Stores write no such batch.
  absl::Status Check() const;

  bool empty() const { return entries_.empty(); }
  const std::vector<Entry>& entries() const { return entries_; }
  // Sum of the lengths of keys and values, bytes.
  size_t size_bytes() const { return size_bytes_; }
  void Clear();

 private:
  std::vector<Entry> entries_;
  size_t size_bytes_ = 0;
};

enum class Durability : uint8_t {
  kSync,    // On stable storage before the call returns.
  kNoSync,  // In the log; survives a kill of the process, and power loss after the next SyncLog.
};

// Walks a range of keys in order. Starts before the first key: call Seek or SeekToLast first. What
// key() and value() give stays valid until the next move. Not thread-safe.
class KeyValueIterator {
 public:
  virtual ~KeyValueIterator() = default;
  // To the first key >= `key` (within the range).
  virtual void Seek(std::string_view key) = 0;
  virtual void SeekToLast() = 0;
  virtual bool Valid() const = 0;
  // Requires: Valid().
  virtual void Next() = 0;
  virtual void Prev() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // Why the walk ended early: OK at the end of the range, DataLoss on a corrupt block.
  virtual absl::Status status() const = 0;
};

// A moment of the store to read from; later writes are not seen. Release it soon.
class KeyValueSnapshot {
 public:
  virtual ~KeyValueSnapshot() = default;
};

// The keys of [lower, upper); an empty upper means to the end.
struct KeyRange {
  std::string lower;
  std::string upper;
};

// What a walk does to what the store keeps in memory of the data that it has read.
enum class CacheUse : uint8_t {
  kFill,  // What it reads is kept, in place of what was read before.
  kSpare  // For a walk over much that nobody will ask for soon: all stays as it is.
};

// How much work goes into making a table small.
enum class TableEffort : uint8_t {
  kQuick,   // For what will be written again before long: its entries are about as large as its
            // file.
  kAtRest,  // For what stays.
};

// Thread-safe. Keys are ordered bytewise, unsigned. Errors everywhere: DataLoss (corrupt),
// ResourceExhausted (disk full), Unavailable (the system refused), never an exception.
class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;

  virtual absl::Status Write(const WriteBatch& batch, Durability durability) = 0;
  // All writes so far are on stable storage when it returns.
  virtual absl::Status SyncLog() = 0;
  // Adds sorted, distinct keys in bulk, past the log; durable when it returns. Keys that exist are
  // overwritten. InvalidArgument if `entries` are not strictly ascending.
  virtual absl::Status Ingest(Family family,
                              const std::vector<std::pair<std::string, std::string>>& entries,
                              TableEffort effort) = 0;

  // nullopt if the key is not there.
  virtual absl::StatusOr<std::optional<std::string>> Get(
      Family family, std::string_view key, const KeyValueSnapshot* snapshot = nullptr) = 0;
  // Keeps what it needs of `snapshot`, which must outlive the iterator.
  virtual std::unique_ptr<KeyValueIterator> NewIterator(Family family, KeyRange range,
                                                        const KeyValueSnapshot* snapshot = nullptr,
                                                        CacheUse cache = CacheUse::kFill) = 0;
  virtual std::unique_ptr<KeyValueSnapshot> NewSnapshot() = 0;

  // Removes [begin, end), even from under snapshots, and gives the space back soon (whole files).
  virtual absl::Status DropRange(Family family, std::string_view begin, std::string_view end) = 0;
  // Writes what is in memory to files.
  virtual absl::Status Flush() = 0;
  // Rewrites the files that hold keys of the range for good: without what was overwritten or
  // removed, as small as they get. Takes as long as reading and writing all of it; reads and writes
  // go on. Ends early with Cancelled once `*stop` is true, which is soon enough to wait for.
  virtual absl::Status Compact(Family family, const KeyRange& range = {},
                               std::atomic<bool>* stop = nullptr) = 0;
  // A consistent copy in the new directory `path`, by hard links where it can.
  virtual absl::Status Checkpoint(const std::string& path) = 0;
  // About how many bytes the family takes on disk.
  virtual absl::StatusOr<uint64_t> ApproximateBytes(Family family) = 0;
};

// Calls `visit(key, value)` for each entry of `range` in order until it fails; returns that failure
// or the walk's own.
absl::Status ForEach(
    KeyValueStore& store, Family family, KeyRange range,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> visit,
    const KeyValueSnapshot* snapshot = nullptr);

// InvalidArgument unless the keys are strictly ascending, as Ingest wants them.
absl::Status CheckAscending(const std::vector<std::pair<std::string, std::string>>& entries);

// The smallest key greater than every key that begins with `prefix`; "" when there is none.
std::string PrefixEnd(std::string_view prefix);

}  // namespace vigil::storage
