// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/xor_column.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "storage/codec/packed_groups.h"

namespace vigil::storage {
namespace {

constexpr unsigned kMaxShift = 63;

// The differences of a column, all shifted right by the zeros they have in common at the end:
// doubles that were floats once have 29.
struct Differences {
  unsigned shift = 0;
  std::vector<uint64_t> words;
};

Differences DifferencesOf(std::span<const double> values) {
  Differences differences;
  differences.words.resize(values.size() - 1);
  uint64_t any = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    const uint64_t word =
        std::bit_cast<uint64_t>(values[i]) ^ std::bit_cast<uint64_t>(values[i - 1]);
    differences.words[i - 1] = word;
    any |= word;
  }
  if (any == 0) return differences;
  differences.shift = static_cast<unsigned>(std::countr_zero(any));
  for (uint64_t& word : differences.words) word >>= differences.shift;
  return differences;
}

void AppendHead(double first, unsigned shift, std::string* out) {
  AppendFixed64(std::bit_cast<uint64_t>(first), out);
  out->push_back(static_cast<char>(shift));
}

struct Head {
  uint64_t first = 0;
  unsigned shift = 0;
};

Head ReadHead(ByteReader* reader, std::string_view field) {
  Head head;
  head.first = reader->ReadFixed64(field);
  head.shift = reader->ReadByte(field);
  if (head.shift > kMaxShift) reader->Fail(field, fmt::format("shift by {} bits", head.shift));
  return head;
}

// Turns the differences into the values.
void Accumulate(const Head& head, std::span<const uint64_t> words, std::span<double> out) {
  uint64_t bits = head.first;
  out[0] = std::bit_cast<double>(bits);
  for (size_t i = 0; i < words.size(); ++i) {
    bits ^= words[i] << head.shift;
    out[i + 1] = std::bit_cast<double>(bits);
  }
}

size_t SignificantBytes(uint64_t word) { return static_cast<size_t>(std::bit_width(word) + 7) / 8; }

size_t NibbleAt(std::string_view nibbles, size_t i) {
  return (static_cast<uint8_t>(nibbles[i / 2]) >> (i % 2 * 4)) & 0xF;
}

// Bytes that all differences take together; false if one claims more than a word has.
bool SumNibbles(std::string_view nibbles, size_t count, size_t* sum) {
  bool valid = true;
  *sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t size = NibbleAt(nibbles, i);
    valid &= size <= sizeof(uint64_t);
    *sum += size;
  }
  return valid;
}

// The words of the given sizes from `bytes`, which hold exactly those and `slack` more behind.
void LoadWords(std::string_view nibbles, std::string_view bytes, size_t slack,
               std::span<uint64_t> words) {
  const char* at = bytes.data();
  const char* const last_whole = bytes.data() + bytes.size() + slack;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t size = NibbleAt(nibbles, i);
    uint64_t word = 0;
    if (last_whole - at >= static_cast<ptrdiff_t>(sizeof(word))) {
      std::memcpy(&word, at, sizeof(word));
      // Shifted twice since a shift by 64 is undefined.
      word &= size == 0 ? 0 : ~uint64_t{0} >> (64 - 8 * size);
    } else {
      std::memcpy(&word, at, size);
    }
    words[i] = word;
    at += size;
  }
}

}  // namespace

// +----------------+------------+-----------------------------------+
// | first, 8 bytes | shift byte | groups of the n-1 differences     |
// +----------------+------------+-----------------------------------+
void AppendXorGroups(std::span<const double> values, std::string* out) {
  const Differences differences = DifferencesOf(values);
  AppendHead(values[0], differences.shift, out);
  AppendGroups(differences.words, out);
}

void ReadXorGroups(ByteReader* reader, std::string_view field, std::span<double> out) {
  const Head head = ReadHead(reader, field);
  std::vector<uint64_t> words(out.size() - 1);
  ReadGroups(reader, field, words);
  if (reader->ok()) Accumulate(head, words, out);
}

// +----------------+------------+---------------------------------+----------------------------+
// | first, 8 bytes | shift byte | n-1 nibbles, low one first:     | the differences' low bytes |
// |                |            | bytes of the difference, 0 to 8 |                            |
// +----------------+------------+---------------------------------+----------------------------+
void AppendXorBytes(std::span<const double> values, std::string* out) {
  const Differences differences = DifferencesOf(values);
  AppendHead(values[0], differences.shift, out);
  const size_t nibbles = out->size();
  out->resize(nibbles + (differences.words.size() + 1) / 2);
  for (size_t i = 0; i < differences.words.size(); ++i) {
    const uint64_t word = differences.words[i];
    const size_t size = SignificantBytes(word);
    char& byte = (*out)[nibbles + i / 2];
    byte = static_cast<char>(static_cast<uint8_t>(byte) | size << (i % 2 * 4));
    out->append(reinterpret_cast<const char*>(&word), size);
  }
}

void ReadXorBytes(ByteReader* reader, std::string_view field, std::span<double> out) {
  const Head head = ReadHead(reader, field);
  const size_t count = out.size() - 1;
  const std::string_view nibbles = reader->ReadBytes((count + 1) / 2, field);
  if (!reader->ok()) return;
  size_t size = 0;
  if (!SumNibbles(nibbles, count, &size)) return reader->Fail(field, "difference over 8 bytes");
  const std::string_view bytes = reader->ReadBytes(size, field);
  if (!reader->ok()) return;
  std::vector<uint64_t> words(count);
  LoadWords(nibbles, bytes, reader->remaining(), words);
  Accumulate(head, words, out);
}

}  // namespace vigil::storage
