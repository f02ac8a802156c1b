// SPDX-License-Identifier: Apache-2.0
//
// What is known of each series number of a shard: a byte of flags that the write path reads for
// every sample.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "storage/metrics/chunk_table.h"

namespace vigil::storage {

enum SeriesFlag : uint8_t {
  // The number stands for a series.
  kSeriesKnown = 1,
  // Some entry of the journal, or its row, defines the series durably: entries need not.
  kSeriesJournaled = 2,
  // Its rows are in the store: it may leave memory.
  kSeriesStored = 4,
  // This process has handed out its ref: its rows stay, whatever retention says.
  kSeriesHeld = 8,
};

// Thread-safe.
class SeriesStates {
 public:
  void Set(uint32_t number, uint8_t flags) {
    std::atomic<uint8_t>& state = chunks_.FindOrCreate(ChunkOf(number))[SlotOf(number)];
    // Most calls change nothing; they must not take the cache line away from other cores.
    if ((state.load(std::memory_order_acquire) & flags) != flags) state.fetch_or(flags);
  }
  void Clear(uint32_t number, uint8_t flags) {
    chunks_.FindOrCreate(ChunkOf(number))[SlotOf(number)].fetch_and(static_cast<uint8_t>(~flags));
  }
  bool Has(uint32_t number, uint8_t flags) const {
    const Chunk* const chunk = chunks_.Find(ChunkOf(number));
    if (chunk == nullptr) return false;
    return ((*chunk)[SlotOf(number)].load(std::memory_order_acquire) & flags) == flags;
  }
  // The same for `count` numbers from `first` on.
  bool HasAll(uint32_t first, uint32_t count, uint8_t flags) const {
    uint8_t all = flags;
    while (count > 0) {
      const Chunk* const chunk = chunks_.Find(ChunkOf(first));
      if (chunk == nullptr) return false;
      const uint32_t slot = SlotOf(first);
      const uint32_t here = std::min(count, kChunkSize - slot);
      for (uint32_t i = slot; i < slot + here; ++i) {
        all &= (*chunk)[i].load(std::memory_order_acquire);
      }
      first += here;
      count -= here;
    }
    return all == flags;
  }
  void SetAll(uint32_t first, uint32_t count, uint8_t flags) {
    while (count > 0) {
      const uint32_t here = std::min(count, kChunkSize - SlotOf(first));
      if (!HasAll(first, here, flags)) {
        for (uint32_t i = 0; i < here; ++i) Set(first + i, flags);
      }
      first += here;
      count -= here;
    }
  }

 private:
  using Chunk = std::array<std::atomic<uint8_t>, kChunkSize>;
  ChunkTable<Chunk> chunks_;
};

}  // namespace vigil::storage
