// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/packed_groups.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include <fmt/format.h>

#include "storage/codec/bit_packing.h"

namespace vigil::storage {
namespace {

constexpr uint8_t kExceptionsFlag = 0x80;
constexpr int kMaxWidth = 64;

// How to write one group.
struct GroupPlan {
  int64_t reference = 0;
  int width = 0;
  size_t exceptions = 0;
  size_t size = std::numeric_limits<size_t>::max();  // Bytes it takes.
};

// The widths that values have above a reference, ascending, with how many have each.
struct Widths {
  struct Entry {
    int width;
    size_t count;
  };
  std::array<Entry, kMaxWidth + 1> entries;
  size_t size = 0;
};

Widths CountWidths(std::span<const uint64_t> values, int64_t reference) {
  std::array<uint8_t, kMaxWidth + 1> counts = {};
  static_assert(kGroupSize <= UINT8_MAX);
  for (const uint64_t value : values) {
    ++counts[static_cast<size_t>(std::bit_width(value - static_cast<uint64_t>(reference)))];
  }
  Widths widths;
  for (int width = 0; width <= kMaxWidth; ++width) {
    const size_t count = counts[static_cast<size_t>(width)];
    if (count != 0) widths.entries[widths.size++] = {width, count};
  }
  return widths;
}

// The best width for `reference`. Only widths that values have come into question: one in between
// costs more bits than the next lower one and saves no exception.
GroupPlan PlanWithReference(std::span<const uint64_t> values, int64_t reference) {
  const Widths widths = CountWidths(values, reference);
  GroupPlan best;
  for (size_t i = 0; i < widths.size; ++i) {
    GroupPlan plan{.reference = reference, .width = widths.entries[i].width};
    plan.size = 1 + VarintSize(Zigzag(reference)) + PackedSize(values.size(), plan.width);
    for (size_t k = i + 1; k < widths.size; ++k) {
      const auto& [wider, count] = widths.entries[k];
      plan.exceptions += count;
      plan.size += count * (1 + static_cast<size_t>(wider - plan.width + 6) / 7);
    }
    if (plan.exceptions != 0) ++plan.size;
    if (plan.size < best.size) best = plan;
  }
  return best;
}

// The three smallest values, ascending; fewer values leave the largest integers.
std::array<int64_t, 3> LowestOf(std::span<const uint64_t> values) {
  std::array<int64_t, 3> lowest;
  lowest.fill(std::numeric_limits<int64_t>::max());
  for (const uint64_t bits : values) {
    auto value = static_cast<int64_t>(bits);
    if (value >= lowest.back()) continue;
    for (int64_t& low : lowest) {
      if (value < low) std::swap(value, low);
    }
  }
  return lowest;
}

// The smallest value is the reference as a rule. A counter's reset, though, is one very low
// difference above which all others are wide: where the next values are far away they are tried.
GroupPlan PlanGroup(std::span<const uint64_t> values) {
  const std::array<int64_t, 3> lowest = LowestOf(values);
  GroupPlan best = PlanWithReference(values, lowest[0]);
  const size_t candidates = std::min(lowest.size(), values.size());
  for (size_t i = 1; i < candidates; ++i) {
    const uint64_t gap = static_cast<uint64_t>(lowest[i]) - static_cast<uint64_t>(lowest[0]);
    // A gap below an eighth of the range hardly saves a bit of width.
    if (static_cast<int>(std::bit_width(gap)) + 2 < best.width || gap == 0) continue;
    const GroupPlan plan = PlanWithReference(values, lowest[i]);
    if (plan.size < best.size) best = plan;
  }
  return best;
}

// +--------------+-------------------+------------------------+ when the flag is set:
// | width 0..64, | zigzag reference  | value - reference,     | +---------+-----------+----------+
// | 0x80 a flag  |                   | low `width` bits each  | | count   | position  | varint   |
// +--------------+-------------------+------------------------+ | (byte)  | bytes     | rests    |
//                                                               +---------+-----------+----------+
// A rest is what remains of value - reference above `width` bits; it is not 0.
void AppendGroup(std::span<const uint64_t> values, std::string* out) {
  const GroupPlan plan = PlanGroup(values);
  out->push_back(static_cast<char>(plan.width | (plan.exceptions != 0 ? kExceptionsFlag : 0)));
  AppendZigzag(plan.reference, out);
  std::array<uint64_t, kGroupSize> above;
  for (size_t i = 0; i < values.size(); ++i) {
    above[i] = values[i] - static_cast<uint64_t>(plan.reference);
  }
  AppendPacked({above.data(), values.size()}, plan.width, out);
  if (plan.exceptions == 0) return;
  out->push_back(static_cast<char>(plan.exceptions));
  const auto is_exception = [&](size_t i) { return above[i] >> plan.width != 0; };
  for (size_t i = 0; i < values.size(); ++i) {
    if (is_exception(i)) out->push_back(static_cast<char>(i));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (is_exception(i)) AppendVarint(above[i] >> plan.width, out);
  }
}

void ReadExceptions(ByteReader* reader, std::string_view field, int width,
                    std::span<uint64_t> out) {
  const size_t count = reader->ReadByte(field);
  const std::string_view positions = reader->ReadBytes(count, field);
  for (const char byte : positions) {
    const auto position = static_cast<uint8_t>(byte);
    if (position >= out.size() || width >= kMaxWidth) {
      return reader->Fail(field, fmt::format("exception at {} of {} values of {} bits", position,
                                             out.size(), width));
    }
    out[position] |= reader->ReadVarint(field) << width;
  }
}

void ReadGroup(ByteReader* reader, std::string_view field, std::span<uint64_t> out) {
  const uint8_t head = reader->ReadByte(field);
  const int width = head & ~kExceptionsFlag;
  if (width > kMaxWidth) return reader->Fail(field, fmt::format("bit width {}", width));
  const auto reference = static_cast<uint64_t>(reader->ReadZigzag(field));
  const std::string_view packed = reader->ReadBytes(PackedSize(out.size(), width), field);
  if (!reader->ok()) return;
  Unpack(packed, reader->remaining(), width, out);
  if ((head & kExceptionsFlag) != 0) ReadExceptions(reader, field, width, out);
  for (uint64_t& value : out) value += reference;
}

}  // namespace

void AppendGroups(std::span<const uint64_t> values, std::string* out) {
  for (size_t i = 0; i < values.size(); i += kGroupSize) {
    AppendGroup(values.subspan(i, std::min(kGroupSize, values.size() - i)), out);
  }
}

void ReadGroups(ByteReader* reader, std::string_view field, std::span<uint64_t> out) {
  for (size_t i = 0; i < out.size() && reader->ok(); i += kGroupSize) {
    ReadGroup(reader, field, out.subspan(i, std::min(kGroupSize, out.size() - i)));
  }
}

}  // namespace vigil::storage
