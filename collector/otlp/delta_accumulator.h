// SPDX-License-Identifier: Apache-2.0
//
// Turns delta points into cumulative samples: keeps a running total for each stream, and sees to it
// that no two requests work on one stream at once. The rules are in delta_total.h.
#pragma once

#include <cstddef>
#include <list>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/mutex.h"
#include "collector/otlp/delta_total.h"
#include "collector/otlp/otlp_export.h"
#include "storage/storage.h"

namespace vigil::collector {

// Thread-safe. `storage` must outlive it.
//
// The store is what counts: a total that is not in memory is read from it, so totals may be
// forgotten at any time. They are when there are too many (the least recently used first) and when
// what they made could not be stored.
class DeltaAccumulator {
 public:
  // About 150 bytes each, for histograms with explicit bounds 8 more for each bucket.
  static constexpr size_t kDefaultMaxStreams = 500'000;

  explicit DeltaAccumulator(storage::Storage* storage, size_t max_streams = kDefaultMaxStreams)
      : storage_(*storage), max_streams_(max_streams) {}

  struct Stream {
    storage::SeriesRef series;
    DeltaTotal total;
    bool claimed = false;
  };

  // Keeps the streams of one request for it until its samples are stored. Other requests for one of
  // them wait.
  class Claim {
   public:
    Claim(DeltaAccumulator* accumulator, std::vector<std::list<Stream>::iterator> streams)
        : accumulator_(accumulator), streams_(std::move(streams)) {}
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    // Forgets the totals of the streams unless the samples were stored.
    ~Claim() { accumulator_->Release(streams_, stored_); }

    void SetStored() { stored_ = true; }

   private:
    DeltaAccumulator* const accumulator_;
    const std::vector<std::list<Stream>::iterator> streams_;
    bool stored_ = false;
  };

  // Adds the points to their totals and the cumulative samples to `*batch`; what does not count is
  // accounted for in `*rejections`. The claim must live until the batch is stored.
  Claim Accumulate(storage::TenantId tenant, std::vector<DeltaPoint> points,
                   storage::MetricBatch* batch, Rejections* rejections);

  // Streams whose totals are in memory.
  size_t size() const;

 private:
  using Streams = std::vector<std::list<Stream>::iterator>;

  // The streams of the points, which are sorted by them. Waits until all are free.
  Streams ClaimStreams(const std::vector<DeltaPoint>& points);
  bool AnyClaimedLocked(const std::vector<DeltaPoint>& points) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetOldestLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release(const Streams& streams, bool keep);

  storage::Storage& storage_;
  const size_t max_streams_;

  mutable Mutex mutex_;
  CondVar released_;
  // The most recently used first. What a Stream holds belongs to the claim while it is claimed.
  std::list<Stream> streams_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<storage::SeriesRef, std::list<Stream>::iterator> by_series_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::collector
