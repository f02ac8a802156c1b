// SPDX-License-Identifier: Apache-2.0
//
// Series number <-> the series' labels in coded form, without an allocation of its own for either.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>

namespace vigil::storage {

// What the coded bytes mean is the owner's; equal bytes are one series. The codes of 64 neighbours
// stand together in a buffer of theirs, so that a series costs its code and some five bytes to find
// it by number, ten to find it by code; numbers that are gone cost nothing. Not thread-safe.
class SeriesTable {
 public:
  SeriesTable() : by_code_(0, Hash{this}, Equal{this}) {}
  SeriesTable(const SeriesTable&) = delete;
  SeriesTable& operator=(const SeriesTable&) = delete;

  // Requires: neither number nor code are there.
  void Add(uint32_t number, std::string_view code);
  // Requires: the number is there.
  void Remove(uint32_t number);

  bool Contains(uint32_t number) const;
  // Valid until the table changes. Requires: the number is there.
  std::string_view CodeOf(uint32_t number) const;
  std::optional<uint32_t> Find(std::string_view code) const;

 private:
  static constexpr uint32_t kChunkSize = 64;
  static constexpr uint32_t kChunksInSegment = 1024;
  static constexpr uint32_t kAbsent = 0xFFFFFFFF;

  struct Chunk {
    Chunk() { begins.fill(kAbsent); }
    // Room for `more` bytes.
    void Reserve(uint32_t more);
    void DropGarbage();
    std::string_view CodeAt(uint32_t begin) const;

    std::array<uint32_t, kChunkSize> begins;
    uint32_t series = 0;
    uint32_t size = 0;
    uint32_t capacity = 0;
    uint32_t garbage = 0;
    std::unique_ptr<char[]> bytes;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(uint32_t number) const { return (*this)(table->CodeOf(number)); }
    size_t operator()(std::string_view code) const;
    const SeriesTable* table;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, std::string_view b) const { return table->CodeOf(a) == b; }
    const SeriesTable* table;
  };

  // 65536 neighbours.
  struct Segment {
    std::array<std::unique_ptr<Chunk>, kChunksInSegment> chunks;  // Null where no series is.
    uint32_t used = 0;                                            // Chunks that are not null.
  };

  // nullptr when no series is there.
  const Chunk* FindChunk(uint32_t number) const;
  Chunk& ChunkFor(uint32_t number);
  void FreeChunk(uint32_t number);

  std::vector<std::unique_ptr<Segment>> segments_;  // Null where no series is.
  absl::flat_hash_set<uint32_t, Hash, Equal> by_code_;
};

}  // namespace vigil::storage
