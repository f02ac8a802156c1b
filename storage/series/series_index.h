// SPDX-License-Identifier: Apache-2.0
//
// The series of one tenant in one shard that are in memory: labels <-> number, label pair ->
// series; and which series, in memory or not, have samples in which time partition. Numbers are
// given by the owner, who also knows where the series are that are not in memory; samples are not
// here.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"
#include "storage/series/pair_versions.h"
#include "storage/series/postings.h"

namespace vigil::storage {

// A partition is named by its first instant. Ranges of partitions are closed ranges of such names.
//
// A series leaves memory by Evict and comes back by Restore, under its number. It is not evicted
// from its mark in an open head until that head, sealed, is dropped.
//
// Thread-safe. Readers do not block each other.
class SeriesIndex {
 public:
  struct Series {
    uint32_t number = 0;
    Labels labels;
  };
  // The series has samples in the partition.
  struct Presence {
    uint32_t number = 0;
    int64_t partition_ms = 0;
    friend bool operator==(const Presence&, const Presence&) = default;
  };
  // What a query asks: partitions, and the first instant that it is about, which may be later than
  // the first partition.
  struct Scope {
    TimeRange partitions;
    int64_t start_ms = std::numeric_limits<int64_t>::min();
    // Select ends with the series that exceeds it: whoever sets it looks at what there is.
    size_t max_label_bytes = std::numeric_limits<size_t>::max();
  };

  // The number of `labels`; nullopt when they are not in memory. Calls `found` with the number
  // before anybody can evict the series.
  using Found = absl::FunctionRef<void(uint32_t number)>;
  std::optional<uint32_t> Find(
      const Labels& labels, Found found = [](uint32_t) {}) const;
  // The number of `labels`, for which Find had none. If they are new still, the one that
  // `new_number` gives, which is asked under the index's lock and told how many series there are;
  // its failure is returned.
  using NewNumber = absl::FunctionRef<absl::StatusOr<uint32_t>(uint64_t series)>;
  absl::StatusOr<uint32_t> GetOrAdd(const Labels& labels, NewNumber new_number);

  // Adds a series under a number it had before. True if it is there now, false, and nothing done,
  // when the number or the labels are taken by another.
  // `*added` becomes whether it was not there before.
  bool Restore(uint32_t number, const Labels& labels, bool* added = nullptr);

  // nullopt when the series is not in memory.
  std::optional<Labels> LabelsOf(uint32_t number) const;
  // Those of `numbers` that are in memory, in that order.
  std::vector<Series> LabelsOf(std::span<const uint32_t> numbers) const;
  bool Contains(uint32_t number) const;
  // Calls visit(name of the series' metric) under the lock. False when it is not in memory.
  bool VisitMetric(uint32_t number, absl::FunctionRef<void(std::string_view metric)> visit) const;

  // Notes samples in the open head. Adds to `*absent` the numbers that are not in memory.
  void MarkPresent(std::span<const Presence> marks, std::vector<uint32_t>* absent);
  // Notes samples in blocks.
  void AddPartition(int64_t partition_ms, const SeriesSet& numbers);

  // The open head becomes the sealed one; the sealed one is dropped.
  void Seal();
  void DropSealed();
  // Takes those of `numbers` out of memory that have no samples in heads, and calls `evicted` with
  // the name of each one's metric and the length of its labels' names and values, under the lock.
  // Requires: whoever asks for them later finds them elsewhere.
  using Evicted = absl::FunctionRef<void(std::string_view metric, size_t label_bytes)>;
  void Evict(
      const SeriesSet& numbers, Evicted evicted = [](std::string_view, size_t) {});
  // From now on, every series with a sample in a block at that instant or later is in memory, or
  // about to be evicted for having none.
  void SetWindowStart(int64_t start_ms);

  // The series in memory that meet every matcher and have samples in a partition of the scope,
  // sorted by labels. `*cold` becomes the series that are not in memory and may have samples in the
  // scope.
  std::vector<Series> Select(const std::vector<Matcher>& matchers, const Scope& scope,
                             SeriesSet* cold) const;
  // No fewer than Select has to look at; nullopt if there may be cold series. Found at once.
  std::optional<uint64_t> SeriesAtMost(const std::vector<Matcher>& matchers,
                                       const Scope& scope) const;
  // For who keeps what Select gives: take the stamp before it. As long as the stamp holds, Select
  // would give the same for a scope of the same partitions, if it asks for no cold series: that is
  // so for a scope that begins at window_start_ms() or later.
  PairVersions::Stamp StampOf(const std::vector<Matcher>& matchers);
  bool Holds(const PairVersions::Stamp& stamp) const { return versions_.Holds(stamp); }
  int64_t window_start_ms() const { return window_start_ms_.load(); }

  // Sorted names of the labels, and values of one label, that such series have.
  std::vector<std::string> LabelNames(const std::vector<Matcher>& matchers, const Scope& scope,
                                      SeriesSet* cold) const;
  std::vector<std::string> LabelValues(const std::string& name,
                                       const std::vector<Matcher>& matchers, const Scope& scope,
                                       SeriesSet* cold) const;

  bool HasPartitionBefore(int64_t partition_ms) const;
  // Forgets all partitions before that one; returns the series that have none left.
  SeriesSet DropBefore(int64_t partition_ms);
  // Takes back marks: the series, in memory or not, have no samples in those partitions any more,
  // but for what an open head has got meanwhile. Returns the series that have none left.
  SeriesSet Unmark(std::span<const Presence> marks);
  // What Unmark would return.
  SeriesSet GoneWithout(std::span<const Presence> marks) const;
  // The series that have samples in some partition.
  SeriesSet Present() const;

  // Series in memory; whether some of them are in that group (see set_codec.h).
  uint64_t size() const;
  bool AnyIn(uint32_t group) const;

 private:
  SeriesSet GoneWithoutLocked(std::span<const Presence> marks) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // A series in memory came, goes, or got a mark.
  void NoteChange(uint32_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AnyColdLocked(const Scope& scope) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  SeriesSet PresentLocked(TimeRange partitions) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // The series in memory that are selected.
  SeriesSet SelectLocked(const std::vector<Matcher>& matchers, const Scope& scope,
                         SeriesSet* cold) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable SharedMutex mutex_;
  Postings postings_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, SeriesSet> partitions_ ABSL_GUARDED_BY(mutex_);
  // Marked since the last seal; between the one before and that, if it is not dropped.
  SeriesSet in_open_ ABSL_GUARDED_BY(mutex_);
  SeriesSet in_sealed_ ABSL_GUARDED_BY(mutex_);
  std::atomic<int64_t> window_start_ms_{std::numeric_limits<int64_t>::max()};
  PairVersions versions_;  // Written under the lock.
};

}  // namespace vigil::storage
