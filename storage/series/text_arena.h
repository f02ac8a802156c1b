// SPDX-License-Identifier: Apache-2.0
//
// Texts one behind the other, each named by four bytes: where an index keeps its label values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/series/prefixed_text.h"

namespace vigil::storage {

// Texts are never moved or given back; whoever owns the arena counts what it needs no more and
// copies the rest into a fresh arena. Not thread-safe.
class TextArena {
 public:
  // Where the text is from now on.
  uint32_t Add(std::string_view text) {
    const size_t needed = PrefixedSize(text.size());
    if (slabs_.empty() || used_ + needed > kSlabBytes) {
      VIGIL_CHECK(slabs_.size() < kMaxSlabs);
      slabs_.push_back(std::make_unique<char[]>(std::max(needed, kSlabBytes)));
      used_ = 0;
    }
    const auto position = static_cast<uint32_t>((slabs_.size() - 1) * kSlabBytes + used_);
    WritePrefixed(text, slabs_.back().get() + used_);
    used_ += needed;
    size_bytes_ += needed;
    return position;
  }

  std::string_view At(uint32_t position) const {
    return ReadPrefixed(slabs_[position / kSlabBytes].get() + position % kSlabBytes);
  }

  // Of all texts that were added.
  size_t size_bytes() const { return size_bytes_; }

 private:
  // A slab that is larger holds one text.
  static constexpr size_t kSlabBytes = 1 << 14;
  static constexpr size_t kMaxSlabs = size_t{1} << 18;

  std::vector<std::unique_ptr<char[]>> slabs_;
  size_t used_ = 0;  // Of the last slab.
  size_t size_bytes_ = 0;
};

}  // namespace vigil::storage
