// SPDX-License-Identifier: Apache-2.0
//
// The series that have one label pair, as small as their number allows.
#pragma once

#include <cstdint>

#include <roaring/roaring.hh>

namespace vigil::storage {

// A set of series numbers.
using SeriesSet = ::Roaring;

// A set in eight bytes and what it takes beyond: a large index is mostly pairs of a single series
// (ids, addresses), which stands in place, or of a few (the series of a pod), which are a sorted
// array; only more of them make a bitmap. Not thread-safe.
class PostingList {
 public:
  PostingList() = default;
  PostingList(PostingList&& other) noexcept : bits_(other.bits_) { other.bits_ = 0; }
  PostingList& operator=(PostingList&& other) noexcept;
  ~PostingList() { Free(); }

  void Add(uint32_t number);
  void Remove(uint32_t number);

  bool empty() const { return bits_ == 0; }
  uint64_t size() const;

  void AddTo(SeriesSet* set) const;
  // Leaves in `*set` those that are in the list.
  void Keep(SeriesSet* set) const;
  bool Intersects(const SeriesSet& set) const;

 private:
  struct Few;
  // What the low bits of bits_ say; no set at all is 0. Requires that allocations are aligned.
  enum Kind : uint64_t { kOne = 1, kFew = 2, kMany = 3 };

  Kind kind() const { return static_cast<Kind>(bits_ & 3); }
  uint32_t one() const { return static_cast<uint32_t>(bits_ >> 2); }
  Few* few() const { return reinterpret_cast<Few*>(bits_ & ~uint64_t{3}); }
  SeriesSet* many() const { return reinterpret_cast<SeriesSet*>(bits_ & ~uint64_t{3}); }
  void SetOne(uint32_t number) { bits_ = uint64_t{number} << 2 | kOne; }
  void AddToFew(uint32_t number);
  void RemoveFromFew(uint32_t number);
  void Free();

  uint64_t bits_ = 0;
};

}  // namespace vigil::storage
