// SPDX-License-Identifier: Apache-2.0
//
// From the bytes that identify a data point, as they came, to the series it belongs to. What is
// found here costs one hash and one comparison; the way round it (parse, translate, sort, index) is
// taken for bytes never seen.
//
// A sender sends the same points in the same order, export after export. So each sender has a lane:
// its points in the order in which they came. A cursor walks along it beside the request and mostly
// finds the next point where it expects it; elsewhere a small index finds it. Where it strays
// often, because points were replaced by new ones, the lane takes the order of a request.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

// The key of some bytes; of bytes below a key that is a hash itself; of what stands below two keys
// and a number; of what has these bounds.
PointKey HashBytes(std::string_view bytes, uint64_t seed);
PointKey HashBelow(PointKey context, std::string_view bytes, uint64_t seed);
PointKey CombineKeys(const PointKey& a, const PointKey& b, uint64_t extra, uint64_t seed);
PointKey HashBounds(const PointKey& context, const std::vector<double>& bounds, uint64_t seed);

// The series of a data point: one for a number, and for histograms and summaries one for each
// bucket or quantile, then the sum, then the count.
using SeriesFamily = std::vector<storage::SeriesRef>;
struct PointTarget {
  storage::SeriesRef first{};  // The only one, or unused when `more` is set.
  std::shared_ptr<const SeriesFamily> more;
};

// The points of one sender. Thread-safe.
class PointLane {
 public:
  // What a cursor finds. The family is the lane's and stays as long as the cursor is not moved.
  struct Found {
    storage::SeriesRef first{};
    const SeriesFamily* more = nullptr;
  };

  // Walks along a lane for one request, holding it open for reading.
  class Cursor {
   public:
    // `minute` is the time, by which unused points are forgotten.
    Cursor(PointLane* lane, uint32_t minute) ABSL_NO_THREAD_SAFETY_ANALYSIS;
    ~Cursor() ABSL_NO_THREAD_SAFETY_ANALYSIS;
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    // nullopt when the point is not known.
    std::optional<Found> Find(PointKey key) ABSL_NO_THREAD_SAFETY_ANALYSIS;
    // Adds a point that is not there; the cursor goes on behind it.
    void Insert(const PointKey& key, const PointTarget& target) ABSL_NO_THREAD_SAFETY_ANALYSIS;
    // How often a point was not where it was expected.
    size_t strayed() const { return strayed_; }

   private:
    void Visit(size_t entry) {
      next_ = entry + 1;
      ++walked_;
      if (recording_) visited_.push_back(static_cast<uint32_t>(entry));
    }

    PointLane& lane_;
    const uint64_t stamp_;
    size_t next_ = 0;
    size_t walked_ = 0;
    size_t strayed_ = 0;  // Points that were not where they were expected.
    // The walk's order may become the lane's: the entries that it visited, of that version.
    bool recording_ = false;
    uint64_t version_ = 0;
    std::vector<uint32_t> visited_;
  };

  // `total` counts the points of all lanes.
  explicit PointLane(std::atomic<size_t>* total) : total_(*total) {}

 private:
  friend class MetricCache;
  // 24 bytes: the lane of a large sender is read through once an export.
  //
  //   payload   | shard or unused 8 | many 1 | unused 7 | minute last used 16 | number 32 |
  //
  // `number` is that of the series in its shard or, with the bit `many`, an index into families_.
  struct Entry {
    PointKey key;
    uint64_t payload;
  };

  std::optional<uint32_t> LookUp(const PointKey& key) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void Index(uint32_t entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Reindex(size_t slots) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A walk has ended that noted nothing.
  void NoteWalk(bool strayed, bool straight);
  // Puts the entries that a walk has visited side by side, in its order, where the first of them
  // is; unless they have changed places since `version`.
  void Order(const std::vector<uint32_t>& visited, uint64_t version);
  // Forgets points last used before that minute; returns how many are left.
  size_t Tidy(uint32_t oldest_minute);

  std::atomic<size_t>& total_;
  mutable SharedMutex mutex_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> index_ ABSL_GUARDED_BY(mutex_);  // Open addressing: entry + 1, 0 is free.
  std::vector<std::shared_ptr<const SeriesFamily>> families_ ABSL_GUARDED_BY(mutex_);
  // Where the last cursor stopped: a sender that cuts its points into several requests goes on
  // there.
  std::atomic<size_t> resume_{0};

  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the places of entries.
  // How many of the next walks note what they visit. The order of the first that strays becomes the
  // lane's; a sender that cuts its points into requests may have to send some before. One that has
  // another order each time gains nothing by it: the number of straying walks that pass in between
  // doubles, and is one again when one has strayed little.
  std::atomic<uint32_t> records_left_{0};
  std::atomic<uint32_t> strays_left_{1};
  std::atomic<uint32_t> strays_apart_{1};
};

// All lanes. Bounded in points; thread-safe. What was not used for some minutes is forgotten, and
// everything when that is not enough: a hot cache fills again within one export interval.
class MetricCache {
 public:
  // About 40 bytes each; several times the series that one machine should have active.
  static constexpr size_t kDefaultMaxPoints = 4'000'000;
  static constexpr int64_t kIdleMinutes = 10;

  explicit MetricCache(size_t max_points = kDefaultMaxPoints) : max_points_(max_points) {}

  // The lane of a sender, made at first sight. Called once for each sender in a request; forgets
  // what is idle when it is time to.
  std::shared_ptr<PointLane> LaneOf(const PointKey& sender, int64_t now_ms);

  static constexpr uint32_t MinuteOf(int64_t now_ms) {
    return static_cast<uint32_t>(now_ms / 60'000);
  }

  // Points in all lanes.
  size_t size() const { return points_.load(std::memory_order_relaxed); }

 private:
  void TidyIfDue(int64_t now_ms);

  const size_t max_points_;
  std::atomic<size_t> points_{0};
  std::atomic<int64_t> next_tidy_ms_{0};
  mutable SharedMutex mutex_;
  absl::flat_hash_map<PointKey, std::shared_ptr<PointLane>> lanes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::collector
