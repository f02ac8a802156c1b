// SPDX-License-Identifier: Apache-2.0
#include "storage/series/series_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "base/status.h"
#include "storage/series/prefixed_text.h"

namespace vigil::storage {
namespace {

constexpr uint32_t kMinGrowthBytes = 64;

uint32_t Stored(std::string_view code) { return static_cast<uint32_t>(PrefixedSize(code.size())); }

}  // namespace

size_t SeriesTable::Hash::operator()(std::string_view code) const {
  return XXH3_64bits(code.data(), code.size());
}

std::string_view SeriesTable::Chunk::CodeAt(uint32_t begin) const {
  return ReadPrefixed(bytes.get() + begin);
}

void SeriesTable::Chunk::Reserve(uint32_t more) {
  if (size + more <= capacity) return;
  capacity = size + more + std::max(kMinGrowthBytes, size / 8);
  std::unique_ptr<char[]> larger(new char[capacity]);
  if (size > 0) std::memcpy(larger.get(), bytes.get(), size);
  bytes = std::move(larger);
}

void SeriesTable::Chunk::DropGarbage() {
  std::unique_ptr<char[]> old(new char[size - garbage]);
  old.swap(bytes);
  uint32_t kept = 0;
  for (uint32_t& begin : begins) {
    if (begin == kAbsent) continue;
    const uint32_t length = Stored(ReadPrefixed(old.get() + begin));
    std::memcpy(bytes.get() + kept, old.get() + begin, length);
    begin = kept;
    kept += length;
  }
  size = capacity = kept;
  garbage = 0;
}

void SeriesTable::Add(uint32_t number, std::string_view code) {
  VIGIL_CHECK(!Contains(number));
  Chunk& chunk = ChunkFor(number);
  chunk.Reserve(Stored(code));
  WritePrefixed(code, chunk.bytes.get() + chunk.size);
  chunk.begins[number % kChunkSize] = chunk.size;
  chunk.size += Stored(code);
  ++chunk.series;
  by_code_.insert(number);
}

void SeriesTable::Remove(uint32_t number) {
  by_code_.erase(by_code_.find(CodeOf(number)));
  Chunk* const chunk = &ChunkFor(number);
  if (--chunk->series == 0) {
    FreeChunk(number);
    return;
  }
  uint32_t& begin = chunk->begins[number % kChunkSize];
  chunk->garbage += Stored(chunk->CodeAt(begin));
  begin = kAbsent;
  if (chunk->garbage > chunk->size / 2) chunk->DropGarbage();
}

const SeriesTable::Chunk* SeriesTable::FindChunk(uint32_t number) const {
  const uint32_t chunk = number / kChunkSize;
  const size_t segment = chunk / kChunksInSegment;
  if (segment >= segments_.size() || segments_[segment] == nullptr) return nullptr;
  return segments_[segment]->chunks[chunk % kChunksInSegment].get();
}

SeriesTable::Chunk& SeriesTable::ChunkFor(uint32_t number) {
  const uint32_t chunk = number / kChunkSize;
  const size_t segment = chunk / kChunksInSegment;
  if (segment >= segments_.size()) segments_.resize(segment + 1);
  if (segments_[segment] == nullptr) segments_[segment] = std::make_unique<Segment>();
  std::unique_ptr<Chunk>& place = segments_[segment]->chunks[chunk % kChunksInSegment];
  if (place == nullptr) {
    place = std::make_unique<Chunk>();
    ++segments_[segment]->used;
  }
  return *place;
}

void SeriesTable::FreeChunk(uint32_t number) {
  const uint32_t chunk = number / kChunkSize;
  std::unique_ptr<Segment>& segment = segments_[chunk / kChunksInSegment];
  segment->chunks[chunk % kChunksInSegment].reset();
  if (--segment->used == 0) segment.reset();
}

bool SeriesTable::Contains(uint32_t number) const {
  const Chunk* const chunk = FindChunk(number);
  return chunk != nullptr && chunk->begins[number % kChunkSize] != kAbsent;
}

std::string_view SeriesTable::CodeOf(uint32_t number) const {
  const Chunk& chunk = *FindChunk(number);
  return chunk.CodeAt(chunk.begins[number % kChunkSize]);
}

std::optional<uint32_t> SeriesTable::Find(std::string_view code) const {
  const auto found = by_code_.find(code);
  if (found == by_code_.end()) return std::nullopt;
  return *found;
}

}  // namespace vigil::storage
