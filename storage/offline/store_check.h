// SPDX-License-Identifier: Apache-2.0
//
// Reads everything that a directory holds and verifies it: checksums, formats, and that what refers
// to something finds it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "storage/block/metric_block.h"
#include "storage/kv/index_keys.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"
#include "storage/kv/rocksdb_offline.h"
#include "storage/metrics/block_presence.h"
#include "storage/metrics/number_sets.h"
#include "storage/offline/diagnosis.h"
#include "storage/series/labels.h"
#include "storage/series/posting_list.h"

namespace vigil::storage {

// Made for one run. Not thread-safe. Memory: some four bytes for each series, a few bits for each
// block.
class StoreCheck {
 public:
  // Takes each entry that is in order, family by family and in the order of keys.
  using Keep =
      absl::FunctionRef<absl::Status(Family family, std::string_view key, std::string_view value)>;

  // The journal's files are those of `directory`, wherever `offline` was opened.
  StoreCheck(std::string directory, OfflineRocksDb* offline, Diagnosis* diagnosis)
      : directory_(std::move(directory)), offline_(*offline), diagnosis_(*diagnosis) {}

  // Returns the first failure of `keep`; damage is only noted.
  absl::Status Run(Keep keep);

  // What can be derived from what is in order, to be written over what Run kept: rows that say
  // where blocks are, counters, names. DataLoss when the directory's number of shards is lost and
  // cannot be told from its series.
  absl::Status AddDerivedRows(WriteBatch* batch) const;
  // Writes the rows by which series are found anew, where some are lost, beside what Run kept.
  absl::Status RebuildSeriesRows(KeyValueStore* target) const;

 private:
  using ShardId = std::pair<TenantId, uint8_t>;
  using Visit = absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)>;

  // Calls `check` for each entry that can be read; what it gives back OK is kept, DataLoss is noted
  // as damage.
  absl::Status Walk(Family family, Keep keep, Visit check);
  void Note(Family family, std::string text);
  std::string GapText(Family family, const std::string& after, const std::string& before);

  absl::Status CheckMeta(std::string_view key, std::string_view value);
  absl::Status CheckSeries(std::string_view key, std::string_view value);
  absl::Status CheckLabelsHash(const LabelsHashKey& key, std::string_view value);
  absl::Status CheckPostings(std::string_view key, std::string_view value);
  absl::Status CheckPosting(const PostingKey& key, std::string_view encoded_key,
                            std::string_view value);
  void ExpectPostings(const SeriesKey& series, const Labels& labels);
  // Takes what the rows of one label pair said off what is expected.
  void CountPostings();
  void CheckSeriesAreFound();
  void NoteRecent(const BlockKey& key, const SampleColumns& columns);
  absl::Status CheckMetricBlock(std::string_view key, std::string_view value);
  absl::Status CheckTimesColumn(std::string_view key, std::string_view value);
  absl::Status CheckJournal(std::string_view key, std::string_view value);
  // What is kept of the journal's files becomes rows, which opening moves to blocks.
  absl::Status CheckJournalFiles(Keep keep);
  absl::Status CheckLogs(std::string_view key, std::string_view value);
  absl::Status CheckLogBlock(const LogBlockKey& key, std::string_view value);
  absl::Status CheckSpanBlock(std::string_view key, std::string_view value);
  absl::Status CheckTraceIndex(std::string_view key, std::string_view value);
  void CheckPresenceIsWhole();
  void FindStreams();
  void CheckMetaIsWhole();

  absl::StatusOr<TimesPtr> TimesColumn(const TimestampColumnKey& key);
  // What a series is called, as far as that can be told.
  std::string SeriesName(TenantId tenant, uint8_t shard, uint64_t number);
  std::string StreamName(const LogBlockKey& key);
  // Calls `visit` for series that blocks between two keys may have belonged to.
  void ForEachCandidate(const std::string& after, const std::string& before,
                        absl::FunctionRef<void(const BlockKey& prefix)> visit);

  const std::string directory_;
  OfflineRocksDb& offline_;
  Diagnosis& diagnosis_;

  // Rows of kMeta.
  std::map<std::string, std::string> meta_;
  std::map<TenantId, std::string> tenant_names_;
  // Of series rows.
  std::map<ShardId, SeriesSet> series_;
  // Which shards a number of shards would put the series in; those that fit all of them.
  std::set<uint32_t> possible_shards_;
  std::map<ShardId, std::unique_ptr<BlockPresence>> presence_rows_;
  // As the blocks are.
  std::map<ShardId, std::unique_ptr<BlockPresence>> presence_;
  // When the series were last seen, from the blocks.
  std::map<ShardId, std::unique_ptr<NumberSets>> recent_;
  // Series that rows of hashes name.
  std::map<ShardId, SeriesSet> hashed_;
  // By number within the group: in how many more sets of postings the series ought to be.
  using Group = std::tuple<TenantId, uint8_t, uint32_t>;
  std::map<Group, std::vector<uint32_t>> expected_postings_;
  std::set<Group> groups_to_rebuild_;
  // The sets of one label pair, which come one after the other.
  std::string posting_pair_;
  Group posting_group_;
  SeriesSet posting_set_;
  std::map<uint8_t, uint64_t> highest_number_;    // Of series, by shard.
  std::map<uint8_t, uint64_t> highest_sequence_;  // Of blocks and columns, by shard.
  std::set<TenantId> tenants_seen_;
  std::set<uint8_t> shards_seen_;
  std::map<ShardId, SeriesSet> streams_;
  std::set<std::tuple<TenantId, uint8_t, int64_t, uint64_t>> span_blocks_;
  // Of one partition at a time.
  absl::flat_hash_map<uint64_t, TimesPtr> times_;
  std::tuple<TenantId, uint8_t, int64_t> times_of_;
};

}  // namespace vigil::storage
