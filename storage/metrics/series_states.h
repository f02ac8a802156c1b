// SPDX-License-Identifier: Apache-2.0
//
// What is known of each series number of a shard: flags that the write path reads for every sample.
// A flag of 64 neighbouring series is one word, as neighbours are mostly written together.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "storage/metrics/chunk_table.h"

namespace vigil::storage {

// Bits, to be combined.
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
inline constexpr int kSeriesFlagCount = 4;

// Thread-safe.
class SeriesStates {
 public:
  void Set(uint32_t number, uint8_t flags) {
    SetAll(ChunkOf(number), SlotRange(SlotOf(number), 1), flags);
  }
  bool Has(uint32_t number, uint8_t flags) const {
    return Missing(ChunkOf(number), SlotRange(SlotOf(number), 1), flags) == 0;
  }

  void Clear(uint32_t number, uint8_t flags) {
    Chunk& chunk = chunks_.FindOrCreate(ChunkOf(number));
    ForEachFlag(flags, [&](int flag) { chunk[flag].fetch_and(~SlotRange(SlotOf(number), 1)); });
  }

  // For those of a chunk.
  void SetAll(uint32_t chunk_number, SlotSet slots, uint8_t flags) {
    Chunk& chunk = chunks_.FindOrCreate(chunk_number);
    ForEachFlag(flags, [&](int flag) {
      // Most calls change nothing; they must not take the cache line away from other cores.
      const SlotSet set = chunk[flag].load(std::memory_order_acquire);
      if ((slots & ~set) != 0) chunk[flag].fetch_or(slots);
    });
  }
  // Of a chunk's `slots` those that lack a flag.
  SlotSet Missing(uint32_t chunk_number, SlotSet slots, uint8_t flags) const {
    const Chunk* const chunk = chunks_.Find(chunk_number);
    if (chunk == nullptr) return slots;
    SlotSet missing = 0;
    ForEachFlag(flags, [&](int flag) {
      missing |= slots & ~(*chunk)[flag].load(std::memory_order_acquire);
    });
    return missing;
  }

 private:
  using Chunk = std::array<std::atomic<SlotSet>, kSeriesFlagCount>;

  template <typename Visit>
  static void ForEachFlag(uint8_t flags, const Visit& visit) {
    for (uint32_t rest = flags; rest != 0; rest &= rest - 1) visit(std::countr_zero(rest));
  }

  ChunkTable<Chunk> chunks_;
};

}  // namespace vigil::storage
