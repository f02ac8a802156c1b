// SPDX-License-Identifier: Apache-2.0
//
// A vector of bits: the values of a bool column, and which rows of a column have a value.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace vigil::storage {

// Bits 0 to size()-1. A value type.
class Bitmap {
 public:
  Bitmap() = default;
  explicit Bitmap(size_t size, bool value = false)
      : size_(size), words_((size + 63) / 64, value ? ~uint64_t{0} : 0) {
    ClearTail();
  }

  // The first `size` bits of `bytes`, the low bit of each byte first. Requires: they are there.
  static Bitmap FromBytes(std::string_view bytes, size_t size) {
    Bitmap bitmap(size);
    if (size != 0) std::memcpy(bitmap.words_.data(), bytes.data(), (size + 7) / 8);
    bitmap.ClearTail();
    return bitmap;
  }

  size_t size() const { return size_; }
  // Requires: i < size().
  bool Get(size_t i) const { return (words_[i / 64] >> (i % 64)) & 1; }
  void Set(size_t i) { words_[i / 64] |= uint64_t{1} << (i % 64); }

  void PushBack(bool value) {
    if (size_ % 64 == 0) words_.push_back(0);
    words_.back() |= uint64_t{value} << (size_ % 64);
    ++size_;
  }

  size_t Count() const {
    size_t count = 0;
    for (const uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
    return count;
  }
  bool All() const { return Count() == size_; }
  bool None() const { return Count() == 0; }

  // Bit i is bit i % 64 of word i / 64; bits from size() on are 0.
  const std::vector<uint64_t>& words() const { return words_; }

  // Calls fn(i) for each bit that is set, in order.
  template <typename Fn>
  void ForEachSet(Fn fn) const {
    for (size_t w = 0; w < words_.size(); ++w) {
      for (uint64_t word = words_[w]; word != 0; word &= word - 1) {
        fn(w * 64 + static_cast<size_t>(std::countr_zero(word)));
      }
    }
  }

  Bitmap operator~() const {
    Bitmap inverse = *this;
    for (uint64_t& word : inverse.words_) word = ~word;
    inverse.ClearTail();
    return inverse;
  }

  friend bool operator==(const Bitmap&, const Bitmap&) = default;

 private:
  void ClearTail() {
    if (size_ % 64 != 0) words_.back() &= (uint64_t{1} << (size_ % 64)) - 1;
  }

  size_t size_ = 0;
  std::vector<uint64_t> words_;
};

}  // namespace vigil::storage
