// SPDX-License-Identifier: Apache-2.0
#include "storage/series/posting_list.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/status.h"

namespace vigil::storage {
namespace {

// Beyond that many a bitmap takes less than four bytes each, its own some 150 bytes included.
constexpr uint32_t kMostFew = 64;

}  // namespace

// A sorted array behind its header.
struct PostingList::Few {
  uint32_t size;
  uint32_t capacity;

  uint32_t* begin() { return reinterpret_cast<uint32_t*>(this + 1); }
  uint32_t* end() { return begin() + size; }

  // `old` with room for `capacity` numbers; makes one of null.
  static Few* Resize(Few* old, uint32_t capacity) {
    auto* const few =
        static_cast<Few*>(std::realloc(old, sizeof(Few) + capacity * sizeof(uint32_t)));
    VIGIL_CHECK(few != nullptr);
    if (old == nullptr) few->size = 0;
    few->capacity = capacity;
    return few;
  }
  // The sizes of allocations rise by 16 bytes.
  static uint32_t Larger(uint32_t capacity) { return capacity + std::max(4u, capacity / 4); }
};

PostingList& PostingList::operator=(PostingList&& other) noexcept {
  if (this == &other) return *this;
  Free();
  bits_ = other.bits_;
  other.bits_ = 0;
  return *this;
}

void PostingList::Free() {
  if (bits_ == 0) return;
  if (kind() == kFew) std::free(few());
  if (kind() == kMany) delete many();
  bits_ = 0;
}

void PostingList::Add(uint32_t number) {
  if (bits_ == 0) {
    SetOne(number);
  } else if (kind() == kMany) {
    many()->add(number);
  } else if (kind() == kFew) {
    AddToFew(number);
  } else if (one() != number) {
    Few* const few = Few::Resize(nullptr, 4);
    few->size = 2;
    few->begin()[0] = std::min(one(), number);
    few->begin()[1] = std::max(one(), number);
    bits_ = reinterpret_cast<uint64_t>(few) | kFew;
  }
}

void PostingList::AddToFew(uint32_t number) {
  Few* set = few();
  uint32_t* at = std::lower_bound(set->begin(), set->end(), number);
  if (at != set->end() && *at == number) return;
  if (set->size == kMostFew) {
    auto* const bitmap = new SeriesSet(set->size, set->begin());
    bitmap->add(number);
    Free();
    bits_ = reinterpret_cast<uint64_t>(bitmap) | kMany;
    return;
  }
  if (set->size == set->capacity) {
    const auto index = at - set->begin();
    set = Few::Resize(set, Few::Larger(set->capacity));
    bits_ = reinterpret_cast<uint64_t>(set) | kFew;
    at = set->begin() + index;
  }
  std::memmove(at + 1, at, (set->end() - at) * sizeof(uint32_t));
  *at = number;
  ++set->size;
}

void PostingList::RemoveFromFew(uint32_t number) {
  Few* const set = few();
  uint32_t* const at = std::lower_bound(set->begin(), set->end(), number);
  if (at == set->end() || *at != number) return;
  std::memmove(at, at + 1, (set->end() - at - 1) * sizeof(uint32_t));
  if (--set->size > 1) return;
  const uint32_t last = *set->begin();
  Free();
  SetOne(last);
}

void PostingList::Remove(uint32_t number) {
  if (bits_ == 0) return;
  if (kind() == kFew) {
    RemoveFromFew(number);
  } else if (kind() == kOne) {
    if (one() == number) bits_ = 0;
  } else {
    many()->remove(number);
    // A bitmap that has shrunk stays one until little is left: a list on the border should not go
    // to and fro.
    if (many()->cardinality() > kMostFew / 4) return;
    PostingList smaller;
    for (const uint32_t member : *many()) smaller.Add(member);
    *this = std::move(smaller);
  }
}

uint64_t PostingList::size() const {
  if (bits_ == 0) return 0;
  if (kind() == kOne) return 1;
  return kind() == kFew ? few()->size : many()->cardinality();
}

void PostingList::AddTo(SeriesSet* set) const {
  if (bits_ == 0) return;
  if (kind() == kOne) {
    set->add(one());
  } else if (kind() == kFew) {
    set->addMany(few()->size, few()->begin());
  } else {
    *set |= *many();
  }
}

void PostingList::Keep(SeriesSet* set) const {
  if (bits_ != 0 && kind() == kMany) {
    *set &= *many();
  } else {
    SeriesSet members;
    AddTo(&members);
    *set &= members;
  }
}

bool PostingList::Intersects(const SeriesSet& set) const {
  if (bits_ == 0) return false;
  if (kind() == kOne) return set.contains(one());
  if (kind() == kMany) return many()->intersect(set);
  return std::any_of(few()->begin(), few()->end(),
                     [&set](uint32_t number) { return set.contains(number); });
}

}  // namespace vigil::storage
