// SPDX-License-Identifier: Apache-2.0
//
// Sets of series numbers as bytes. They are kept in rows by groups of 65536 neighbouring numbers,
// so that a row stays small and a change rewrites little. The format is docs/format/series_rows.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/series/posting_list.h"

namespace vigil::storage {

inline constexpr int kGroupBits = 16;
inline constexpr uint32_t kGroupSize = 1u << kGroupBits;
inline constexpr uint32_t kGroups = 1u << (32 - kGroupBits);

inline constexpr uint32_t GroupOf(uint32_t number) { return number >> kGroupBits; }

// The members of `set` that are in the group.
SeriesSet MembersOf(const SeriesSet& set, uint32_t group);
// All numbers of the group.
SeriesSet WholeGroup(uint32_t group);

// The members of `set` that are in the group, as bytes.
std::string EncodeGroup(const SeriesSet& set, uint32_t group);
// Adds the members behind `bytes` to `*set`. False, and nothing added, if they are not such bytes.
bool DecodeGroup(std::string_view bytes, uint32_t group, SeriesSet* set);

}  // namespace vigil::storage
