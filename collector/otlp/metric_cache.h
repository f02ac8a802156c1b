// SPDX-License-Identifier: Apache-2.0
//
// From the bytes that identify a data point, as they came, to the series it belongs to. What is
// found here costs one hash and one look-up; the way round it (parse, translate, sort, index) is
// taken for bytes never seen.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/mutex.h"
#include "storage/metrics/querier.h"
#include "storage/model/ids.h"

namespace vigil::collector {

// A 128-bit hash of identifying bytes, seeded by a secret of the process so that no sender can make
// two series collide.
struct PointKey {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const PointKey&, const PointKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const PointKey& key) {
    return H::combine(std::move(state), key.low);
  }
};

// The key of some bytes; of what stands below two keys and a number; of what has these bounds.
PointKey HashBytes(std::string_view bytes, uint64_t seed);
PointKey CombineKeys(const PointKey& a, const PointKey& b, uint64_t extra, uint64_t seed);
PointKey HashBounds(const PointKey& context, const std::vector<double>& bounds, uint64_t seed);

// The series of a data point: one for a number, and for histograms and summaries one for each
// bucket or quantile, then the sum, then the count.
struct PointTarget {
  storage::SeriesRef first{};  // The only one, or unused when `more` is set.
  std::shared_ptr<const std::vector<storage::SeriesRef>> more;
};

// Bounded; thread-safe. Entries are forgotten when it is full (all at once: a hot cache fills again
// within one export interval), never changed.
class MetricCache {
 public:
  // About 64 bytes each; several times the series that one machine should have active.
  static constexpr size_t kDefaultMaxEntries = 4'000'000;

  explicit MetricCache(size_t max_entries = kDefaultMaxEntries) : max_entries_(max_entries) {}

  // Holds the cache open for a batch's worth of look-ups.
  class Reader {
   public:
    explicit Reader(const MetricCache& cache) ABSL_NO_THREAD_SAFETY_ANALYSIS
        : cache_(cache),
          lock_(&cache.mutex_) {}
    // nullptr if the key is not known. Valid as long as the Reader.
    const PointTarget* Find(const PointKey& key) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
      const auto found = cache_.entries_.find(key);
      return found == cache_.entries_.end() ? nullptr : &found->second;
    }

   private:
    const MetricCache& cache_;
    ReaderLock lock_;
  };

  void Insert(const PointKey& key, PointTarget target);
  size_t size() const;

 private:
  const size_t max_entries_;
  mutable SharedMutex mutex_;
  absl::flat_hash_map<PointKey, PointTarget> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::collector
