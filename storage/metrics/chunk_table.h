// SPDX-License-Identifier: Apache-2.0
//
// A sparse table from series number to something, found in constant time and without a lock: two
// levels of pointers to chunks of 64 neighbours. Series that are written together mostly have
// neighbouring numbers, so a batch touches few chunks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"

namespace vigil::storage {

inline constexpr int kChunkBits = 6;
inline constexpr uint32_t kChunkSize = 1u << kChunkBits;

// Which chunk a series number is in, and where.
inline constexpr uint32_t ChunkOf(uint32_t number) { return number >> kChunkBits; }
inline constexpr uint32_t SlotOf(uint32_t number) { return number & (kChunkSize - 1); }

// A set of a chunk's series: bit i is the series in slot i.
using SlotSet = uint64_t;
static_assert(kChunkSize == 64, "a set of a chunk's series is one word");
// Requires: 1 <= count, first + count <= 64.
inline constexpr SlotSet SlotRange(uint32_t first, uint32_t count) {
  return ~SlotSet{0} >> (kChunkSize - count) << first;
}

// Chunks are made on demand and live as long as the table. Thread-safe; what is in a chunk is the
// chunk's to protect.
template <typename Chunk>
class ChunkTable {
 public:
  ChunkTable() = default;
  ChunkTable(const ChunkTable&) = delete;
  ChunkTable& operator=(const ChunkTable&) = delete;

  // nullptr when it was never made.
  Chunk* Find(uint32_t chunk) const {
    const Segment* const segment = top_[chunk / kSegmentSize].load(std::memory_order_acquire);
    if (segment == nullptr) return nullptr;
    return (*segment)[chunk % kSegmentSize].load(std::memory_order_acquire);
  }

  Chunk& FindOrCreate(uint32_t chunk) {
    Chunk* const found = Find(chunk);
    return found != nullptr ? *found : Create(chunk);
  }

  // Calls fn(chunk number, chunk) in the order of the numbers.
  template <typename Fn>
  void ForEach(Fn fn) const {
    for (uint32_t s = 0; s < top_.size(); ++s) {
      const Segment* const segment = top_[s].load(std::memory_order_acquire);
      if (segment == nullptr) continue;
      for (uint32_t i = 0; i < kSegmentSize; ++i) {
        Chunk* const chunk = (*segment)[i].load(std::memory_order_acquire);
        if (chunk != nullptr) fn(s * kSegmentSize + i, *chunk);
      }
    }
  }

 private:
  // 2^12 segments of 2^14 chunks of 2^6 series reach every 32-bit number; the first million series
  // need one segment.
  static constexpr uint32_t kSegments = 1u << 12;
  static constexpr uint32_t kSegmentSize = 1u << 14;
  using Segment = std::array<std::atomic<Chunk*>, kSegmentSize>;

  Chunk& Create(uint32_t chunk) {
    MutexLock lock(&mutex_);
    std::atomic<Segment*>& place = top_[chunk / kSegmentSize];
    if (place.load(std::memory_order_relaxed) == nullptr) {
      segments_.push_back(std::make_unique<Segment>());
      place.store(segments_.back().get(), std::memory_order_release);
    }
    std::atomic<Chunk*>& slot = (*place.load(std::memory_order_relaxed))[chunk % kSegmentSize];
    if (slot.load(std::memory_order_relaxed) == nullptr) {
      chunks_.push_back(std::make_unique<Chunk>());
      slot.store(chunks_.back().get(), std::memory_order_release);
    }
    return *slot.load(std::memory_order_relaxed);
  }

  std::array<std::atomic<Segment*>, kSegments> top_ = {};  // Borrowed from segments_.
  Mutex mutex_;
  std::vector<std::unique_ptr<Segment>> segments_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Chunk>> chunks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
