// SPDX-License-Identifier: Apache-2.0
#include "storage/series/set_codec.h"

// Either of these, whichever is shorter, of the low 16 bits of the members:
//
//   +---+--------------------------------------+
//   | 0 | for each run of neighbours: varint   |
//   |   | gap before it, varint length - 1     |
//   +---+--------------------------------------+
//   | 1 | 8192 bytes, bit n % 8 of byte n / 8  |
//   +---+--------------------------------------+
namespace vigil::storage {
namespace {

constexpr char kRuns = 0;
constexpr char kBitmap = 1;
constexpr size_t kBitmapBytes = kGroupSize / 8;

void AppendNumber(uint32_t number, std::string* bytes) {
  for (; number >= 0x80; number >>= 7) bytes->push_back(static_cast<char>(number | 0x80));
  bytes->push_back(static_cast<char>(number));
}

// False at the end of `bytes` and when the number is too large for a group.
bool ReadNumber(std::string_view* bytes, uint32_t* number) {
  *number = 0;
  for (int shift = 0; shift <= 14; shift += 7) {
    if (bytes->empty()) return false;
    const auto byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    *number |= static_cast<uint32_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return *number < kGroupSize;
  }
  return false;
}

std::string EncodeRuns(const SeriesSet& set, uint32_t first) {
  std::string bytes(1, kRuns);
  uint32_t end = 0;  // Of the last run.
  uint32_t begin = 0;
  uint32_t length = 0;
  for (const uint32_t number : set) {
    const uint32_t low = number - first;
    if (length > 0 && low == begin + length) {
      ++length;
      continue;
    }
    if (length > 0) {
      AppendNumber(begin - end, &bytes);
      AppendNumber(length - 1, &bytes);
      end = begin + length;
      if (bytes.size() > kBitmapBytes) return bytes;  // Long enough to lose.
    }
    begin = low;
    length = 1;
  }
  if (length > 0) {
    AppendNumber(begin - end, &bytes);
    AppendNumber(length - 1, &bytes);
  }
  return bytes;
}

bool DecodeRuns(std::string_view bytes, uint64_t first, SeriesSet* set) {
  uint32_t at = 0;
  while (!bytes.empty()) {
    uint32_t gap = 0;
    uint32_t more = 0;
    if (!ReadNumber(&bytes, &gap) || !ReadNumber(&bytes, &more)) return false;
    if (at + gap + more >= kGroupSize) return false;
    at += gap;
    set->addRange(first + at, first + at + more + 1);
    at += more + 1;
  }
  return true;
}

}  // namespace

SeriesSet WholeGroup(uint32_t group) {
  const uint64_t first = uint64_t{group} << kGroupBits;
  SeriesSet whole;
  whole.addRange(first, first + kGroupSize);
  return whole;
}

SeriesSet MembersOf(const SeriesSet& set, uint32_t group) { return set & WholeGroup(group); }

std::string EncodeGroup(const SeriesSet& set, uint32_t group) {
  const uint32_t first = group << kGroupBits;
  const bool within =
      !set.isEmpty() && GroupOf(set.minimum()) == group && GroupOf(set.maximum()) == group;
  const SeriesSet cut = within ? SeriesSet() : MembersOf(set, group);
  const SeriesSet& members = within ? set : cut;
  std::string bytes = EncodeRuns(members, first);
  if (bytes.size() <= kBitmapBytes) return bytes;
  bytes.assign(1 + kBitmapBytes, '\0');
  bytes[0] = kBitmap;
  for (const uint32_t number : members) {
    char& byte = bytes[1 + (number - first) / 8];
    byte = static_cast<char>(byte | 1 << ((number - first) % 8));
  }
  return bytes;
}

bool DecodeGroup(std::string_view bytes, uint32_t group, SeriesSet* set) {
  const uint32_t first = group << kGroupBits;
  if (bytes.empty()) return false;
  const char kind = bytes.front();
  bytes.remove_prefix(1);
  SeriesSet members;
  if (kind == kRuns) {
    if (!DecodeRuns(bytes, first, &members)) return false;
  } else {
    if (kind != kBitmap || bytes.size() != kBitmapBytes) return false;
    for (uint32_t low = 0; low < kGroupSize; ++low) {
      if ((bytes[low / 8] >> (low % 8)) & 1) members.add(first + low);
    }
  }
  *set |= members;
  return true;
}

}  // namespace vigil::storage
