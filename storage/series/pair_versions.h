// SPDX-License-Identifier: Apache-2.0
//
// Counts the changes of which series have a label pair, so that whoever keeps what a selection gave
// learns for next to nothing whether it would give the same. Pairs share counters: what was counted
// for another pair makes a selection be done anew, which is no mistake.
//
//   selection {job="api", instance="a"}   holds as long as no series of job="api" came, went or got
//                                         its first sample of a partition, or none of instance="a"
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/series/matcher.h"

namespace vigil::storage {

// Until somebody asks for a stamp nothing is counted and no memory taken; from then on it is 64
// KiB. Changes are noted, and the first stamp is asked for, one at a time; all else is thread-safe.
class PairVersions {
 public:
  // What was counted when a selection was made. It may be made of a later state, never of an
  // earlier one.
  struct Stamp {
    struct Pair {
      uint32_t bucket = 0;
      uint32_t version = 0;
    };
    // Every series that is selected has these pairs. One that did not change is enough, so the
    // first few will do.
    std::array<Pair, 3> pairs;
    uint32_t pair_count = 0;
    uint32_t any = 0;  // Changes of any series; counts where there is no pair.
    uint32_t all = 0;  // Changes of which nobody knows what they touched.
  };

  // Whether changes are noted.
  bool counts() const { return counters_.load(std::memory_order_acquire) != nullptr; }
  void BeginToCount();
  // Requires: counts().
  Stamp StampOf(const std::vector<Matcher>& matchers) const;
  bool Holds(const Stamp& stamp) const;

  // A series with that pair changed; to be noted for each of its pairs.
  void Note(std::string_view name, std::string_view value);
  // A series, whose pairs have been noted, changed.
  void NoteSeries() { any_.fetch_add(1, std::memory_order_release); }
  void NoteAll() { all_.fetch_add(1, std::memory_order_release); }

 private:
  // Restarting pods change some hundred pairs: those seldom meet a given one among so many.
  static constexpr size_t kBuckets = 1 << 14;
  using Counters = std::array<std::atomic<uint32_t>, kBuckets>;

  static uint32_t BucketOf(std::string_view name, std::string_view value);

  std::unique_ptr<Counters> owned_;
  std::atomic<Counters*> counters_{nullptr};
  std::atomic<uint32_t> any_{0};
  std::atomic<uint32_t> all_{0};
};

}  // namespace vigil::storage
