// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/sort_entries.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace vigil::storage {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

// An entry by what tells most keys apart: their first bytes behind those that all have in common.
struct Place {
  uint64_t high;
  uint64_t low;
  size_t index;
};

// Requires: entries.
size_t CommonPrefix(const Entries& entries) {
  std::string_view prefix = entries.front().first;
  for (const auto& [key, value] : entries) {
    if (key.starts_with(prefix)) continue;
    const auto end = std::mismatch(prefix.begin(), prefix.end(), key.begin(), key.end()).first;
    prefix = prefix.substr(0, static_cast<size_t>(end - prefix.begin()));
  }
  return prefix.size();
}

// The eight bytes from `begin` on as a number that is ordered as they are; zeros behind the end.
uint64_t NumberAt(std::string_view key, size_t begin) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t number = 0;
  if (begin < key.size()) {
    std::memcpy(&number, key.data() + begin, std::min(sizeof(number), key.size() - begin));
  }
  return __builtin_bswap64(number);
}

}  // namespace

void SortByKey(Entries* entries) {
  if (entries->empty()) return;
  const size_t prefix = CommonPrefix(*entries);
  std::vector<Place> places;
  places.reserve(entries->size());
  for (size_t i = 0; i < entries->size(); ++i) {
    const std::string& key = (*entries)[i].first;
    places.push_back({NumberAt(key, prefix), NumberAt(key, prefix + sizeof(uint64_t)), i});
  }
  std::sort(places.begin(), places.end(), [entries](const Place& a, const Place& b) {
    if (a.high != b.high) return a.high < b.high;
    if (a.low != b.low) return a.low < b.low;
    return (*entries)[a.index].first < (*entries)[b.index].first;
  });
  // Moves them along the cycles of what goes where.
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i].index == i) continue;
    auto entry = std::move((*entries)[i]);
    size_t to = i;
    for (size_t from = places[to].index; from != i; from = places[to].index) {
      (*entries)[to] = std::move((*entries)[from]);
      places[to].index = to;
      to = from;
    }
    (*entries)[to] = std::move(entry);
    places[to].index = to;
  }
}

}  // namespace vigil::storage
