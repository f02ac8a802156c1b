// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/class_codes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "storage/codec/prefix_code.h"

namespace vigil::storage {
namespace {

// The first classes are runs of zeros, one for each length in bits of the run's length. Shorter
// runs are cheaper as they are.
constexpr size_t kRunClasses = 21;
constexpr size_t kMinRun = 4;
constexpr size_t kMaxRun = (size_t{1} << kRunClasses) - 1;

// Many classes describe the values best, few are described best themselves.
constexpr ClassParameters kFine = {.exact_bits = 4, .mantissa_bits = 2};
constexpr ClassParameters kCoarse = {.exact_bits = 2, .mantissa_bits = 0};
constexpr int kMaxExactBits = 6;
constexpr int kParameterShift = 4;  // Of the exact bits in the byte that tells both.

size_t ClassesOf(const ClassParameters& parameters) {
  return kRunClasses + (size_t{1} << parameters.exact_bits) +
         (static_cast<size_t>(64 - parameters.exact_bits) << parameters.mantissa_bits);
}

// A class and the bits that are told beside it, which are the low ones of the value.
struct Split {
  size_t symbol;
  unsigned extra_bits;
};

Split SplitValue(uint64_t value, const ClassParameters& parameters) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  const auto exact = static_cast<unsigned>(parameters.exact_bits);
  if (width <= exact) return {kRunClasses + value, 0};
  const auto mantissa = static_cast<unsigned>(parameters.mantissa_bits);
  const unsigned extra = width - 1 - mantissa;
  const uint64_t top = (value >> extra) & ((uint64_t{1} << mantissa) - 1);
  return {kRunClasses + (size_t{1} << exact) + (size_t{width - 1 - exact} << mantissa) + top,
          extra};
}

Split SplitRun(size_t length) {
  const auto width = static_cast<unsigned>(std::bit_width(length));
  return {width - 1, width - 1};
}

// What SplitValue and SplitRun took apart: the bits above the extra ones, and how many those are.
struct ClassShape {
  uint64_t prefix;
  unsigned extra_bits;
};

ClassShape ShapeOf(size_t symbol, const ClassParameters& parameters) {
  if (symbol < kRunClasses) return {1, static_cast<unsigned>(symbol)};
  symbol -= kRunClasses;
  const size_t exact = size_t{1} << parameters.exact_bits;
  if (symbol < exact) return {symbol, 0};
  symbol -= exact;
  const uint64_t top = symbol & ((uint64_t{1} << parameters.mantissa_bits) - 1);
  return {(uint64_t{1} << parameters.mantissa_bits) | top,
          static_cast<unsigned>((symbol >> parameters.mantissa_bits) +
                                static_cast<size_t>(parameters.exact_bits) -
                                static_cast<size_t>(parameters.mantissa_bits))};
}

// Calls on_value(value) and on_run(length) for all values in order.
template <typename OnValue, typename OnRun>
void ForEachItem(std::span<const uint64_t> values, OnValue on_value, OnRun on_run) {
  for (size_t i = 0; i < values.size();) {
    if (values[i] != 0) {
      on_value(values[i++]);
      continue;
    }
    const size_t most = std::min(values.size(), i + kMaxRun);
    size_t end = i + 1;
    while (end < most && values[end] == 0) ++end;
    if (end - i >= kMinRun) {
      on_run(end - i);
    } else {
      for (size_t k = i; k < end; ++k) on_value(0);
    }
    i = end;
  }
}

std::vector<uint32_t> CountFine(std::span<const uint64_t> values) {
  std::vector<uint32_t> counts(ClassesOf(kFine), 0);
  ForEachItem(
      values, [&](uint64_t value) { ++counts[SplitValue(value, kFine).symbol]; },
      [&](size_t length) { ++counts[SplitRun(length).symbol]; });
  return counts;
}

// The counts of coarse classes, each of which is made of whole fine ones.
std::vector<uint32_t> Coarsen(const std::vector<uint32_t>& fine) {
  std::vector<uint32_t> counts(ClassesOf(kCoarse), 0);
  for (size_t symbol = 0; symbol < fine.size(); ++symbol) {
    if (symbol < kRunClasses) {
      counts[symbol] = fine[symbol];
      continue;
    }
    const ClassShape shape = ShapeOf(symbol, kFine);
    counts[SplitValue(shape.prefix << shape.extra_bits, kCoarse).symbol] += fine[symbol];
  }
  return counts;
}

// Bytes that values of these classes take, estimated by their entropy.
size_t EstimateBytes(const std::vector<uint32_t>& counts, const ClassParameters& parameters) {
  constexpr double kBitsPerLength = 6;  // Of a code, with the gaps between them.
  constexpr double kFixedBits = 32;
  double total = 0;
  for (const uint32_t count : counts) total += count;
  double bits = kFixedBits;
  for (size_t symbol = 0; symbol < counts.size(); ++symbol) {
    if (counts[symbol] == 0) continue;
    const double count = counts[symbol];
    bits += kBitsPerLength +
            count * (std::log2(total / count) + ShapeOf(symbol, parameters).extra_bits);
  }
  return static_cast<size_t>(bits / 8);
}

// Bits one behind the other, from the low bits of each byte up.
class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(*out) {}
  // Requires: bits <= 32, and value has no more.
  void Put(uint64_t value, unsigned bits) {
    pending_ |= value << filled_;
    filled_ += bits;
    if (filled_ < 32) return;
    AppendFixed32(static_cast<uint32_t>(pending_), &out_);
    pending_ >>= 32;
    filled_ -= 32;
  }
  // The low bits of `value`, up to 64.
  void PutLow(uint64_t value, unsigned bits) {
    if (bits > 32) {
      Put(value & 0xFFFFFFFF, 32);
      value >>= 32;
      bits -= 32;
    }
    Put(value & ((uint64_t{1} << bits) - 1), bits);
  }
  void Finish() {
    for (unsigned done = 0; done < filled_; done += 8) {
      out_.push_back(static_cast<char>(pending_ >> done));
    }
  }

 private:
  std::string& out_;
  uint64_t pending_ = 0;
  unsigned filled_ = 0;  // Bits of pending_, below 32 between calls.
};

// What the next bits of a stream say, by their value.
struct TableEntry {
  uint8_t code_bits;
  uint8_t extra_bits;
  uint8_t prefix;
  bool is_run;
};
constexpr size_t kTableSize = size_t{1} << kMaxCodeBits;
using DecodeTable = std::array<TableEntry, kTableSize>;

// Fills the entries for codes of `bits` bits, which is the longest code's length.
unsigned BuildTable(std::span<const uint8_t> lengths, const ClassParameters& parameters,
                    DecodeTable* table) {
  const std::vector<uint16_t> codes = CanonicalCodes(lengths);
  const unsigned bits = *std::max_element(lengths.begin(), lengths.end());
  const size_t size = size_t{1} << bits;
  (*table)[1] = {};
  for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    if (lengths[symbol] == 0) continue;
    const ClassShape shape = ShapeOf(symbol, parameters);
    const TableEntry entry = {lengths[symbol], static_cast<uint8_t>(shape.extra_bits),
                              static_cast<uint8_t>(shape.prefix), symbol < kRunClasses};
    for (size_t at = codes[symbol]; at < size; at += size_t{1} << lengths[symbol]) {
      (*table)[at] = entry;
    }
  }
  // A single symbol's other bit value, which no writer writes, is the same symbol.
  if ((*table)[1].code_bits == 0) (*table)[1] = (*table)[0];
  return bits;
}

uint64_t Load64(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// Reads the items of a stream into `out`.
class StreamReader {
 public:
  StreamReader(const DecodeTable& table, unsigned table_bits, std::span<uint64_t> out)
      : table_(table), mask_((uint64_t{1} << table_bits) - 1), out_(out) {}

  // Bytes that one item may touch from the byte that it begins in.
  static constexpr size_t kReach = 20;

  // Goes on from bit `bit` of `bytes` while kReach bytes are there. Returns the bit where it
  // stopped.
  size_t Run(const char* bytes, size_t size, size_t bit) {
    const size_t end = size < kReach ? 0 : (size - kReach + 1) * 8;
    size_t next = next_;
    while (bit < end && next < out_.size()) {
      const uint64_t word = Load64(bytes + bit / 8) >> (bit % 8);
      const TableEntry entry = table_[word & mask_];
      bit += entry.code_bits;
      uint64_t extra = word >> entry.code_bits;
      if (entry.extra_bits > kOneLoadBits) [[unlikely]]
        extra = LoadWide(bytes, bit);
      extra &= (uint64_t{1} << entry.extra_bits) - 1;
      bit += entry.extra_bits;
      const uint64_t value = uint64_t{entry.prefix} << entry.extra_bits | extra;
      if (!entry.is_run) {
        out_[next++] = value;
        continue;
      }
      const size_t length = std::min<uint64_t>(value, out_.size() - next);
      overrun_ |= length != value;
      std::fill_n(out_.begin() + static_cast<ptrdiff_t>(next), length, 0);
      next += length;
    }
    next_ = next;
    return bit;
  }

  bool done() const { return next_ == out_.size(); }
  // A run went beyond the last value.
  bool overrun() const { return overrun_; }

 private:
  // Extra bits that are surely in the word that holds the code.
  static constexpr unsigned kOneLoadBits = 64 - 7 - kMaxCodeBits;

  static uint64_t LoadWide(const char* bytes, size_t bit) {
    const unsigned shift = bit % 8;
    const uint64_t low = Load64(bytes + bit / 8) >> shift;
    // The ninth byte; shifted twice since a shift by 64 is undefined.
    return low | (uint64_t{static_cast<uint8_t>(bytes[bit / 8 + 8])} << 1) << (63 - shift);
  }

  const DecodeTable& table_;
  const uint64_t mask_;
  const std::span<uint64_t> out_;
  size_t next_ = 0;
  bool overrun_ = false;
};

ClassParameters ReadParameters(ByteReader* reader, std::string_view field) {
  const uint8_t byte = reader->ReadByte(field);
  const ClassParameters parameters = {.exact_bits = byte >> kParameterShift,
                                      .mantissa_bits = byte & 0xF};
  if (parameters.exact_bits <= kMaxExactBits && parameters.mantissa_bits <= parameters.exact_bits) {
    return parameters;
  }
  reader->Fail(field, fmt::format("classes of kind {:02x}", byte));
  return {};
}

}  // namespace

ClassPlan PlanClassCodes(std::span<const uint64_t> values) {
  ClassPlan fine = {.parameters = kFine, .counts = CountFine(values)};
  fine.size_bytes = EstimateBytes(fine.counts, kFine);
  ClassPlan coarse = {.parameters = kCoarse, .counts = Coarsen(fine.counts)};
  coarse.size_bytes = EstimateBytes(coarse.counts, kCoarse);
  return coarse.size_bytes < fine.size_bytes ? coarse : fine;
}

// +-----------------+----------------+-----------------+-----------------------------------------+
// | exact bits << 4 | lengths of the | varint bytes of | for each value or run: the code of its  |
// | | mantissa bits | classes' codes | the stream      | class, then the class's extra bits      |
// +-----------------+----------------+-----------------+-----------------------------------------+
void AppendClassCodes(std::span<const uint64_t> values, const ClassPlan& plan, std::string* out) {
  if (values.empty()) return;
  const ClassParameters& parameters = plan.parameters;
  const std::vector<uint8_t> lengths = CodeLengths(plan.counts);
  const std::vector<uint16_t> codes = CanonicalCodes(lengths);
  out->push_back(
      static_cast<char>(parameters.exact_bits << kParameterShift | parameters.mantissa_bits));
  AppendCodeLengths(lengths, out);
  std::string stream;
  BitWriter bits(&stream);
  const auto put = [&](const Split& split, uint64_t value) {
    bits.Put(codes[split.symbol], lengths[split.symbol]);
    bits.PutLow(value, split.extra_bits);
  };
  ForEachItem(
      values, [&](uint64_t value) { put(SplitValue(value, parameters), value); },
      [&](size_t length) { put(SplitRun(length), length); });
  bits.Finish();
  AppendVarint(stream.size(), out);
  *out += stream;
}

void ReadClassCodes(ByteReader* reader, std::string_view field, std::span<uint64_t> out) {
  if (out.empty()) return;
  const ClassParameters parameters = ReadParameters(reader, field);
  if (!reader->ok()) return;
  const std::vector<uint8_t> lengths = ReadCodeLengths(reader, field, ClassesOf(parameters));
  const std::string_view stream = reader->ReadBytes(reader->ReadVarint(field), field);
  if (!reader->ok()) return;
  thread_local DecodeTable table;
  StreamReader items(table, BuildTable(lengths, parameters, &table), out);
  const size_t readable = stream.size() + reader->remaining();
  size_t bit = items.Run(stream.data(), readable, 0);
  const size_t rest = bit / 8;
  if (!items.done() && rest < stream.size()) {
    // What is left is shorter than an item may be: it goes on in a copy with room behind it.
    std::array<char, 2 * StreamReader::kReach> tail = {};
    std::copy(stream.begin() + static_cast<ptrdiff_t>(rest), stream.end(), tail.begin());
    bit = rest * 8 + items.Run(tail.data(), tail.size(), bit % 8);
  }
  if (!items.done() || items.overrun() || (bit + 7) / 8 != stream.size()) {
    reader->Fail(field,
                 fmt::format("{} bytes of codes do not make {} values", stream.size(), out.size()));
  }
}

}  // namespace vigil::storage
