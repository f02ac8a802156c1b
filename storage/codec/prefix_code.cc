// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/prefix_code.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <queue>
#include <utility>

#include <fmt/format.h>

namespace vigil::storage {
namespace {

// Nibbles that stand for runs of symbols that do not occur.
constexpr uint8_t kShortGap = 13;  // A nibble follows: 2 to 17 of them.
constexpr uint8_t kLongGap = 14;   // Two nibbles follow, low one first: 18 to 273.
constexpr size_t kMinShortGap = 2;
constexpr size_t kMinLongGap = kMinShortGap + 16;
constexpr size_t kMaxLongGap = kMinLongGap + 255;

// Depths of the leaves of a Huffman tree over `weights`, of which there are two at least.
std::vector<int> TreeDepths(const std::vector<uint64_t>& weights) {
  using Node = std::pair<uint64_t, size_t>;
  std::priority_queue<Node, std::vector<Node>, std::greater<>> open;
  std::vector<size_t> parents(2 * weights.size() - 1, 0);
  for (size_t i = 0; i < weights.size(); ++i) open.emplace(weights[i], i);
  for (size_t node = weights.size(); node < parents.size(); ++node) {
    uint64_t weight = 0;
    for (int child = 0; child < 2; ++child) {
      weight += open.top().first;
      parents[open.top().second] = node;
      open.pop();
    }
    open.emplace(weight, node);
  }
  std::vector<int> depths(parents.size(), 0);
  for (size_t node = parents.size() - 1; node-- > 0;) depths[node] = depths[parents[node]] + 1;
  depths.resize(weights.size());
  return depths;
}

class NibbleWriter {
 public:
  explicit NibbleWriter(std::string* out) : out_(*out) {}
  void Put(size_t nibble) {
    if (high_) {
      out_.back() = static_cast<char>(static_cast<uint8_t>(out_.back()) | nibble << 4);
    } else {
      out_.push_back(static_cast<char>(nibble));
    }
    high_ = !high_;
  }

 private:
  std::string& out_;
  bool high_ = false;  // The next one goes into the high half of the last byte.
};

class NibbleReader {
 public:
  NibbleReader(ByteReader* reader, std::string_view field) : reader_(*reader), field_(field) {}
  uint8_t Next() {
    high_ = !high_;
    if (!high_) return byte_ >> 4;
    byte_ = reader_.ReadByte(field_);
    return byte_ & 0xF;
  }

 private:
  ByteReader& reader_;
  const std::string_view field_;
  uint8_t byte_ = 0;
  bool high_ = false;  // The last one was the low half of byte_.
};

// The low 16 bits in the opposite order.
uint32_t Reversed(uint32_t bits) {
  bits = (bits & 0x5555) << 1 | (bits >> 1 & 0x5555);
  bits = (bits & 0x3333) << 2 | (bits >> 2 & 0x3333);
  bits = (bits & 0x0F0F) << 4 | (bits >> 4 & 0x0F0F);
  return (bits & 0x00FF) << 8 | (bits >> 8 & 0x00FF);
}

bool IsComplete(std::span<const uint8_t> lengths) {
  size_t used = 0;
  size_t room = 0;
  for (const uint8_t length : lengths) {
    if (length == 0) continue;
    ++used;
    room += size_t{1} << (kMaxCodeBits - length);
  }
  const size_t all = size_t{1} << kMaxCodeBits;
  return used == 1 ? room == all / 2 : room == all;
}

}  // namespace

std::vector<uint8_t> CodeLengths(std::span<const uint32_t> counts, int max_bits) {
  std::vector<size_t> symbols;
  std::vector<uint64_t> weights;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    symbols.push_back(i);
    weights.push_back(counts[i]);
  }
  std::vector<uint8_t> lengths(counts.size(), 0);
  if (symbols.size() == 1) {
    lengths[symbols[0]] = 1;
    return lengths;
  }
  std::vector<int> depths = TreeDepths(weights);
  while (*std::max_element(depths.begin(), depths.end()) > max_bits) {
    // Flatter weights make a flatter tree; what that costs is seldom a hundredth.
    for (uint64_t& weight : weights) weight = weight / 2 + 1;
    depths = TreeDepths(weights);
  }
  for (size_t i = 0; i < symbols.size(); ++i) lengths[symbols[i]] = static_cast<uint8_t>(depths[i]);
  return lengths;
}

std::vector<SymbolCode> CanonicalCodes(std::span<const uint8_t> lengths) {
  std::vector<SymbolCode> codes;
  std::array<uint32_t, kMaxCodeBits + 1> counts = {};
  const auto take = [&](size_t symbol) {
    const uint8_t length = lengths[symbol];
    if (length == 0) return;
    ++counts[length];
    codes.push_back({static_cast<uint16_t>(symbol), length, 0});
  };
  codes.reserve(lengths.size());
  size_t symbol = 0;
  // Most do not occur: eight at a time are passed over.
  for (uint64_t eight; symbol + sizeof(eight) <= lengths.size(); symbol += sizeof(eight)) {
    std::memcpy(&eight, lengths.data() + symbol, sizeof(eight));
    if (eight == 0) continue;
    for (size_t i = 0; i < sizeof(eight); ++i) take(symbol + i);
  }
  for (; symbol < lengths.size(); ++symbol) take(symbol);
  std::array<uint32_t, kMaxCodeBits + 1> next = {};  // The next code of each length.
  for (size_t length = 1; length < next.size(); ++length) {
    next[length] = (next[length - 1] + counts[length - 1]) << 1;
  }
  for (SymbolCode& code : codes) {
    code.code = static_cast<uint16_t>(Reversed(next[code.length]++) >> (16 - code.length));
  }
  return codes;
}

// Nibbles, two a byte, the first in the low half, one for each symbol: its length, or the beginning
// of a gap (see above) that stands for several.
void AppendCodeLengths(std::span<const uint8_t> lengths, std::string* out) {
  NibbleWriter nibbles(out);
  for (size_t i = 0; i < lengths.size();) {
    size_t gap = 0;
    while (i + gap < lengths.size() && lengths[i + gap] == 0 && gap < kMaxLongGap) ++gap;
    if (gap >= kMinLongGap) {
      nibbles.Put(kLongGap);
      nibbles.Put((gap - kMinLongGap) & 0xF);
      nibbles.Put((gap - kMinLongGap) >> 4);
    } else if (gap >= kMinShortGap) {
      nibbles.Put(kShortGap);
      nibbles.Put(gap - kMinShortGap);
    } else {
      nibbles.Put(lengths[i]);
      gap = 1;
    }
    i += gap;
  }
}

std::vector<uint8_t> ReadCodeLengths(ByteReader* reader, std::string_view field, size_t symbols) {
  std::vector<uint8_t> lengths;
  lengths.reserve(symbols + kMaxLongGap);
  NibbleReader nibbles(reader, field);
  while (lengths.size() < symbols && reader->ok()) {
    const uint8_t nibble = nibbles.Next();
    if (nibble <= kMaxCodeBits) {
      lengths.push_back(nibble);
    } else if (nibble == kShortGap) {
      lengths.resize(lengths.size() + kMinShortGap + nibbles.Next(), 0);
    } else if (nibble == kLongGap) {
      const size_t low = nibbles.Next();
      lengths.resize(lengths.size() + kMinLongGap + low + size_t{nibbles.Next()} * 16, 0);
    } else {
      reader->Fail(field, fmt::format("code length {}", nibble));
    }
  }
  if (!reader->ok()) return {};
  if (lengths.size() != symbols || !IsComplete(lengths)) {
    reader->Fail(field, "code lengths that make no code");
    return {};
  }
  return lengths;
}

}  // namespace vigil::storage
