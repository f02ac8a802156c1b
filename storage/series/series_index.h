// SPDX-License-Identifier: Apache-2.0
//
// The series of one tenant in one shard: labels <-> number, label pair -> series, and which series
// have samples in which time partition. Numbers are given by the owner; samples are not here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"
#include "storage/series/postings.h"

namespace vigil::storage {

// A partition is named by its first instant. Ranges of partitions are closed ranges of such names.
//
// A series that has lost its last sample is retired: no query finds it and it does not count, but
// its labels keep their number as long as the index lives, because writers may hold that number.
// Its next sample brings it back.
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

  // The number of `labels`. If they are new, the one that `new_number` gives, which is asked under
  // the index's lock and told how many series there are; its failure is returned.
  using NewNumber = absl::FunctionRef<absl::StatusOr<uint32_t>(uint64_t series)>;
  absl::StatusOr<uint32_t> GetOrAdd(const Labels& labels, NewNumber new_number);

  // Adds a series under a number it had before. True if it is there now, false, and nothing done,
  // when the number or the labels are taken by another.
  bool Restore(uint32_t number, const Labels& labels);

  // nullopt when there is no such series.
  std::optional<Labels> LabelsOf(uint32_t number) const;

  // Notes samples; unknown numbers are ignored. Returns the series that are no longer retired.
  std::vector<uint32_t> MarkPresent(std::span<const Presence> marks);

  // The series that meet every matcher and have samples in a partition of the range, sorted by
  // labels.
  std::vector<Series> Select(const std::vector<Matcher>& matchers, TimeRange partitions) const;
  // Sorted names of the labels, and values of one label, that such series have.
  std::vector<std::string> LabelNames(const std::vector<Matcher>& matchers,
                                      TimeRange partitions) const;
  std::vector<std::string> LabelValues(const std::string& name,
                                       const std::vector<Matcher>& matchers,
                                       TimeRange partitions) const;

  bool HasPartitionBefore(int64_t partition_ms) const;
  // Forgets all partitions before that one and retires the series that have none left; returns
  // their numbers.
  std::vector<uint32_t> DropBefore(int64_t partition_ms);
  bool IsRetired(uint32_t number) const;
  // Takes back what MarkPresent was told: the series have no samples in those partitions any more.
  // Retires the series that have none left at all; returns their numbers.
  std::vector<uint32_t> Unmark(std::span<const Presence> marks);

  // Series that are not retired.
  uint64_t size() const;

 private:
  struct Entry {
    uint32_t number;
    bool retired = false;
    const Labels labels;
  };
  // Sets of entries that are looked up by labels and by number: labels are kept once.
  struct LabelsHash {
    using is_transparent = void;
    size_t operator()(const Labels& labels) const { return labels.Hash(); }
    size_t operator()(const Entry* entry) const { return entry->labels.Hash(); }
  };
  struct LabelsEqual {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const { return a->labels == b->labels; }
    bool operator()(const Entry* a, const Labels& b) const { return a->labels == b; }
    bool operator()(const Labels& a, const Entry* b) const { return a == b->labels; }
  };
  struct NumberHash {
    using is_transparent = void;
    size_t operator()(uint32_t number) const { return absl::Hash<uint32_t>{}(number); }
    size_t operator()(const std::unique_ptr<Entry>& entry) const { return (*this)(entry->number); }
  };
  struct NumberEqual {
    using is_transparent = void;
    static uint32_t Number(uint32_t number) { return number; }
    static uint32_t Number(const std::unique_ptr<Entry>& entry) { return entry->number; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return Number(a) == Number(b);
    }
  };

  void AddLocked(uint32_t number, const Labels& labels) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RetireLocked(uint32_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  SeriesSet SelectLocked(const std::vector<Matcher>& matchers, TimeRange partitions) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable SharedMutex mutex_;
  // Entries are never removed and their labels never change, so pointers to them outlive the lock.
  absl::flat_hash_set<std::unique_ptr<Entry>, NumberHash, NumberEqual> by_number_
      ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<const Entry*, LabelsHash, LabelsEqual> by_labels_ ABSL_GUARDED_BY(mutex_);
  Postings postings_ ABSL_GUARDED_BY(mutex_);  // Of series that are not retired.
  std::map<int64_t, SeriesSet> partitions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
