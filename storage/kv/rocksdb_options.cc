// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_options.h"

#include <algorithm>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_partitioner.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include "storage/kv/rocksdb_log.h"

namespace vigil::storage {
namespace {

// Blocks are small and neighbours are alike: the more of them a table block holds, the more zstd
// finds in common. Point reads pay with decompressing more than they asked for.
constexpr size_t kLargeTableBlockBytes = 64 << 10;
constexpr size_t kSmallTableBlockBytes = 16 << 10;
// zstd's default, but for the lowest level of small values. These are packed with little effort
// while they move: RocksDB merges what is new into the rest of its partition time and again, and
// whatever is packed well then is packed for nothing. What has come to rest is worth more, and a
// dictionary of what its blocks have in common.
constexpr int kZstdLevel = 3;
constexpr int kZstdLevelInMotion = 1;
constexpr int kZstdLevelAtRest = 12;
constexpr uint32_t kDictionaryBytes = 16 << 10;
constexpr uint32_t kDictionaryTrainingBytes = 64 * kDictionaryBytes;
// Of a table, held back until its dictionary is made. Left to itself RocksDB holds back all of it.
constexpr uint64_t kDictionaryBufferBytes = 4 * kDictionaryTrainingBytes;

// Keys between those that a table block holds in full; the others are told by how they differ.
constexpr int kKeysBetweenRestarts = 64;
// About one false positive in a hundred.
constexpr double kFilterBitsPerKey = 10;

// Write buffers of families that take bulk, and of those that take a few rows.
constexpr size_t kLargeWriteBufferBytes = 32 << 20;
constexpr size_t kSmallWriteBufferBytes = 4 << 20;
constexpr uint64_t kTableFileBytes = 64 << 20;

// Journal files that may gather before they are compacted. What lies in them is trimmed as a whole
// sooner or later; compacting late finds nearly everything trimmed and writes nearly nothing.
constexpr int kJournalFilesToCompact = 16;
constexpr int kJournalFilesToSlowDown = 64;
constexpr int kJournalFilesToStop = 96;

// Tables that may gather before they are merged into the rest of their partition: each merge reads
// and writes all of it, each table is one more place where a query looks. Blocks are read in their
// order, and the shards take turns to write them: twice as many.
constexpr int kSmallValueFilesToCompact = 8;
constexpr int kSmallValueFilesToSlowDown = 32;
constexpr int kSmallValueFilesToStop = 48;
constexpr int kBlockFilesToCompact = 2 * kSmallValueFilesToCompact;

// Leaves most of the usual limit of 1024 descriptors to connections.
constexpr int kMaxOpenFiles = 512;
// Written tables go to disk in steps of this, so that a sync of the log does not queue behind one
// large write-back.
constexpr uint64_t kWriteBackBytes = 1 << 20;
constexpr size_t kCompactionReadAheadBytes = 1 << 20;
// A file ends where another part of the keys begins, if it is worth a file. What waits in memory
// for its dictionary does not count yet.
constexpr uint64_t kWorthAFileBytes = 1 << 20;

// tenant u32 · shard u8 · partition i64; tenant u32 · shard u8 · kind.
constexpr size_t kPartitionPrefixBytes = 4 + 1 + 8;
constexpr size_t kSeriesKindPrefixBytes = 4 + 1 + 1;
// tenant u32 · trace id: what look-ups in the trace index know.
constexpr size_t kTraceIndexPrefixBytes = 4 + 16;

rocksdb::DBOptions StoreOptions(const RocksDbOptions& options,
                                const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions store;
  store.create_if_missing = true;
  store.create_missing_column_families = true;
  store.paranoid_checks = true;
  // After a loss of power the log may end in anything that was never synced. What was synced lies
  // before it. Families agree without atomic_flush: a batch is one record of the shared log, and
  // the log is synced before a family's tables that are ahead of it count.
  store.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  store.max_total_wal_size = options.max_log_bytes;
  store.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(options.memory_bytes / 2, cache);
  store.max_background_jobs = options.background_jobs;
  store.max_open_files = kMaxOpenFiles;
  store.bytes_per_sync = kWriteBackBytes;
  store.compaction_readahead_size = kCompactionReadAheadBytes;
  store.skip_stats_update_on_db_open = true;
  store.avoid_unnecessary_blocking_io = true;
  store.info_log = std::make_shared<RocksDbLog>();
  store.stats_dump_period_sec = 0;
  store.stats_persist_period_sec = 0;
  return store;
}

rocksdb::BlockBasedTableOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = kSmallTableBlockBytes;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  // Indexes and filters count against the memory budget like everything else.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  return table;
}

enum class DataState : uint8_t { kInMotion, kAtRest };

rocksdb::CompressionOptions BottommostCompression(DataState state) {
  rocksdb::CompressionOptions compression;
  compression.enabled = true;
  compression.level = kZstdLevelInMotion;
  if (state == DataState::kInMotion) return compression;
  compression.level = kZstdLevelAtRest;
  compression.max_dict_bytes = kDictionaryBytes;
  compression.zstd_max_train_bytes = kDictionaryTrainingBytes;
  compression.max_dict_buffer_bytes = kDictionaryBufferBytes;
  return compression;
}

bool HasSmallValues(Family family) {
  return family == Family::kBlocks || family == Family::kSeries || family == Family::kPostings;
}

// The options of HasSmallValues families that say how the lowest level is packed.
ChangedOptions BottommostOptions(Family family, DataState state) {
  if (!HasSmallValues(family)) return {};
  const rocksdb::CompressionOptions compression = BottommostCompression(state);
  return {{"bottommost_compression_opts",
           fmt::format("{{enabled=true;level={};max_dict_bytes={};zstd_max_train_bytes={};"
                       "max_dict_buffer_bytes={};}}",
                       compression.level, compression.max_dict_bytes,
                       compression.zstd_max_train_bytes, compression.max_dict_buffer_bytes)}};
}

// Ends files where the first bytes of the keys change. Where data is added in one part of the keys
// only, the files of the others stay as they are: a table that reaches over several parts would
// have whatever lies between them rewritten.
class PrefixPartitioner final : public rocksdb::SstPartitioner {
 public:
  explicit PrefixPartitioner(size_t prefix_bytes) : prefix_bytes_(prefix_bytes) {}

  const char* Name() const override { return "vigil.PrefixPartitioner"; }
  rocksdb::PartitionerResult ShouldPartition(const rocksdb::PartitionerRequest& request) override {
    if (request.current_output_file_size < kWorthAFileBytes) return rocksdb::kNotRequired;
    return PrefixOf(*request.prev_user_key) == PrefixOf(*request.current_user_key)
               ? rocksdb::kNotRequired
               : rocksdb::kRequired;
  }
  bool CanDoTrivialMove(const rocksdb::Slice&, const rocksdb::Slice&) override { return true; }

 private:
  rocksdb::Slice PrefixOf(const rocksdb::Slice& key) const {
    return {key.data(), std::min(key.size(), prefix_bytes_)};
  }

  const size_t prefix_bytes_;
};

class PrefixPartitionerFactory final : public rocksdb::SstPartitionerFactory {
 public:
  explicit PrefixPartitionerFactory(size_t prefix_bytes) : prefix_bytes_(prefix_bytes) {}

  const char* Name() const override { return "vigil.PrefixPartitionerFactory"; }
  std::unique_ptr<rocksdb::SstPartitioner> CreatePartitioner(
      const rocksdb::SstPartitioner::Context&) const override {
    return std::make_unique<PrefixPartitioner>(prefix_bytes_);
  }

 private:
  const size_t prefix_bytes_;
};

// For families of many small values that are alike and mostly read in order.
void TuneForSmallValues(rocksdb::BlockBasedTableOptions* table,
                        rocksdb::ColumnFamilyOptions* family) {
  table->block_size = kLargeTableBlockBytes;
  table->block_restart_interval = kKeysBetweenRestarts;
  family->level0_file_num_compaction_trigger = kSmallValueFilesToCompact;
  family->level0_slowdown_writes_trigger = kSmallValueFilesToSlowDown;
  family->level0_stop_writes_trigger = kSmallValueFilesToStop;
  family->bottommost_compression = rocksdb::kZSTD;
  family->bottommost_compression_opts = BottommostCompression(DataState::kInMotion);
  // What is looked up is there: the last level needs no filters.
  family->optimize_filters_for_hits = true;
}

void AddFilter(rocksdb::BlockBasedTableOptions* table) {
  table->filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
}

void TuneJournal(rocksdb::ColumnFamilyOptions* family) {
  family->compression = rocksdb::kNoCompression;
  family->level_compaction_dynamic_level_bytes = false;
  family->level0_file_num_compaction_trigger = kJournalFilesToCompact;
  family->level0_slowdown_writes_trigger = kJournalFilesToSlowDown;
  family->level0_stop_writes_trigger = kJournalFilesToStop;
  // What a compaction leaves is not worth moving further down.
  family->max_bytes_for_level_base = kJournalFilesToStop * kTableFileBytes;
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family, const RocksDbOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions result;
  rocksdb::BlockBasedTableOptions table = TableOptions(cache);
  result.compression = rocksdb::kZSTD;
  result.compression_opts.level = kZstdLevel;
  result.level_compaction_dynamic_level_bytes = true;
  result.target_file_size_base = kTableFileBytes;
  result.write_buffer_size = std::min(kLargeWriteBufferBytes, options.memory_bytes / 8);
  // Files are rewritten to merge them, never for their age alone.
  result.ttl = 0;
  result.periodic_compaction_seconds = 0;
  if (HasSmallValues(family)) TuneForSmallValues(&table, &result);
  switch (family) {
    case Family::kJournal:
      TuneJournal(&result);
      break;
    case Family::kBlocks:
      AddFilter(&table);  // Shared timestamp columns are read by key.
      result.level0_file_num_compaction_trigger = kBlockFilesToCompact;
      result.sst_partitioner_factory =
          std::make_shared<PrefixPartitionerFactory>(kPartitionPrefixBytes);
      break;
    case Family::kSeries:
      result.sst_partitioner_factory =
          std::make_shared<PrefixPartitionerFactory>(kSeriesKindPrefixBytes);
      result.write_buffer_size = std::min(kSmallWriteBufferBytes, options.memory_bytes / 8);
      break;
    case Family::kLogBlocks:
    case Family::kSpanBlocks:
    case Family::kExemplars:
      table.block_size = kLargeTableBlockBytes;
      break;
    case Family::kTraceIndex:
      AddFilter(&table);
      table.whole_key_filtering = false;
      result.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kTraceIndexPrefixBytes));
      break;
    case Family::kPostings:
      result.write_buffer_size = std::min(kSmallWriteBufferBytes, options.memory_bytes / 8);
      break;
    case Family::kMeta:
    case Family::kState:
      AddFilter(&table);
      result.write_buffer_size = std::min(kSmallWriteBufferBytes, options.memory_bytes / 8);
      break;
  }
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

}  // namespace

ChangedOptions AtRestOptions(Family family) {
  return BottommostOptions(family, DataState::kAtRest);
}

ChangedOptions InMotionOptions(Family family) {
  return BottommostOptions(family, DataState::kInMotion);
}

void PackAtRest(Family family, rocksdb::ColumnFamilyOptions* options) {
  if (HasSmallValues(family)) {
    options->bottommost_compression_opts = BottommostCompression(DataState::kAtRest);
  }
}

RocksDbTuning MakeTuning(const RocksDbOptions& options) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.memory_bytes);
  RocksDbTuning tuning = {.store = StoreOptions(options, cache), .families = {}};
  for (int i = 0; i < kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    // RocksDB insists on a family called "default"; it is the first of ours.
    const std::string name = family == Family::kMeta ? rocksdb::kDefaultColumnFamilyName
                                                     : std::string(FamilyName(family));
    tuning.families.emplace_back(name, FamilyOptions(family, options, cache));
  }
  return tuning;
}

}  // namespace vigil::storage
