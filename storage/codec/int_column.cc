// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/int_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "storage/codec/class_codes.h"
#include "storage/codec/int_encoding.h"
#include "storage/codec/packed_groups.h"

namespace vigil::storage {
namespace {

constexpr std::array<std::string_view, 8> kNames = {
    "constant",       "step",  "packed",          "delta",
    "delta-of-delta", "coded", "coded in pieces", "packed in pieces"};

// Below, the description of the classes takes more than they save.
constexpr size_t kMinCodedValues = 24;

// About how long the pieces of a column are that can be read alone: what a look at a few of its
// values costs, while what a piece says of itself (about eight bytes) hardly counts.
constexpr size_t kPieceBytes = 1024;

// All arithmetic on columns is modulo 2^64, which unsigned integers do, so that it cannot overflow
// and what the encoder subtracts the decoder adds back.
using Words = std::vector<uint64_t>;
using WordSpan = std::span<const uint64_t>;

void PutEncoding(IntEncoding encoding, std::string* out) {
  out->push_back(static_cast<char>(encoding));
}

bool HasConstantStep(WordSpan values) {
  const uint64_t step = values[1] - values[0];
  for (size_t i = 2; i < values.size(); ++i) {
    if (values[i] - values[i - 1] != step) return false;
  }
  return true;
}

// The largest d such that all values are values[0] plus a multiple of d; 1 if a difference does not
// fit 64 bits, 0 if there are none.
uint64_t CommonDivisor(std::span<const int64_t> values) {
  uint64_t divisor = 0;
  for (const int64_t value : values) {
    int64_t difference;
    if (__builtin_sub_overflow(value, values[0], &difference)) return 1;
    const uint64_t magnitude =
        difference < 0 ? -static_cast<uint64_t>(difference) : static_cast<uint64_t>(difference);
    // With the rest of a division, which is no larger than the divisor, std::gcd is done soon.
    divisor = std::gcd(divisor, divisor == 0 ? magnitude : magnitude % divisor);
    if (divisor == 1) return 1;
  }
  return divisor;
}

Words Differences(WordSpan values) {
  Words differences(values.size() - 1);
  for (size_t i = 1; i < values.size(); ++i) differences[i - 1] = values[i] - values[i - 1];
  return differences;
}

// About the middle one of the values.
uint64_t Middle(WordSpan values) {
  constexpr size_t kSample = 255;
  std::vector<int64_t> sample;
  const size_t step = values.size() / kSample + 1;
  for (size_t i = step / 2; i < values.size(); i += step) {
    sample.push_back(static_cast<int64_t>(values[i]));
  }
  const auto middle = sample.begin() + static_cast<ptrdiff_t>(sample.size() / 2);
  std::nth_element(sample.begin(), middle, sample.end());
  return static_cast<uint64_t>(*middle);
}

uint64_t Least(WordSpan values) {
  auto least = static_cast<int64_t>(values[0]);
  for (const uint64_t value : values) least = std::min(least, static_cast<int64_t>(value));
  return static_cast<uint64_t>(least);
}

// Integers as class codes of their distance from a reference.
struct CodedPlan {
  uint64_t reference = 0;
  bool is_unsigned = false;  // Whether no distance is below 0, so that zigzags are not needed.
  Words distances;
  ClassPlan classes;
};

CodedPlan PlanCoded(WordSpan values, uint64_t reference, bool is_unsigned) {
  CodedPlan plan = {.reference = reference,
                    .is_unsigned = is_unsigned,
                    .distances = Words(values.size()),
                    .classes = {}};
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t distance = values[i] - reference;
    plan.distances[i] = is_unsigned ? distance : Zigzag(static_cast<int64_t>(distance));
  }
  plan.classes = GuessClassCodes(plan.distances);
  return plan;
}

// What pieces of differences start from: for each the value, the difference ... there, as distances
// from those of the piece before.
void AppendStarts(std::span<const WordSpan> orders, size_t differences, size_t piece_size,
                  std::string* out) {
  std::array<uint64_t, kMaxOrder> last = {};
  for (size_t begin = 0; begin < differences; begin += piece_size) {
    for (size_t order = 0; order < orders.size(); ++order) {
      AppendZigzag(static_cast<int64_t>(orders[order][begin] - last[order]), out);
      last[order] = orders[order][begin];
    }
  }
}

// Coded in the way that promises to be the shortest: values that scatter around a middle are best
// as they are, counters as differences (which scatter around their rate), smooth curves as
// differences of those. Where most are near the least one, as waiting times are, signs would be
// wasted. Requires: at least three values.
std::string EncodeCoded(WordSpan values) {
  const Words deltas = Differences(values);
  const Words delta_deltas = Differences(deltas);
  const std::array<WordSpan, kMaxOrder + 1> orders = {values, deltas, delta_deltas};
  CodedPlan best = PlanCoded(values, Middle(values), false);
  size_t best_order = 0;
  const auto consider = [&](size_t order, uint64_t reference, bool is_unsigned = false) {
    CodedPlan plan = PlanCoded(orders[order], reference, is_unsigned);
    if (plan.classes.size_bytes >= best.classes.size_bytes) return;
    best = std::move(plan);
    best_order = order;
  };
  const uint64_t rate = Middle(deltas);
  consider(1, rate);
  if (rate != 0) consider(1, 0);
  consider(2, 0);
  consider(0, Least(values), true);
  consider(1, Least(deltas), true);
  best.classes = PlanClassCodes(best.distances);
  const size_t pieces = best.classes.laned ? best.classes.size_bytes / kPieceBytes : 1;
  const size_t piece_size = (best.distances.size() + pieces - 1) / pieces;
  std::string coded;
  PutEncoding(pieces == 1 ? IntEncoding::kCoded : IntEncoding::kCodedPieces, &coded);
  coded.push_back(static_cast<char>(best_order | (best.is_unsigned ? kUnsignedFlag : 0)));
  if (pieces > 1) AppendVarint(piece_size, &coded);
  AppendStarts(std::span(orders).first(best_order), best.distances.size(), piece_size, &coded);
  AppendZigzag(static_cast<int64_t>(best.reference), &coded);
  if (pieces == 1) {
    AppendClassCodes(best.distances, best.classes, &coded);
  } else {
    AppendClassPieces(best.distances, piece_size, best.classes, &coded);
  }
  return coded;
}

// Differences of some order in groups, in pieces of about kPieceBytes, of which each can be read
// alone; `size` is what they take as one piece, `orders` the differences of the orders below.
void AppendGroupPieces(std::span<const WordSpan> orders, WordSpan differences, size_t size,
                       std::string* out) {
  const size_t pieces = size / kPieceBytes;
  const size_t groups = (differences.size() + kGroupSize - 1) / kGroupSize;
  const size_t piece_size = (groups + pieces - 1) / pieces * kGroupSize;
  PutEncoding(IntEncoding::kPackedPieces, out);
  out->push_back(static_cast<char>(orders.size()));
  AppendVarint(piece_size, out);
  AppendStarts(orders, differences.size(), piece_size, out);
  std::string packed;
  size_t last = 0;
  for (size_t begin = 0; begin < differences.size(); begin += piece_size) {
    const size_t before = packed.size();
    AppendGroups(differences.subspan(begin, std::min(piece_size, differences.size() - begin)),
                 &packed);
    const size_t here = packed.size() - before;
    AppendZigzag(static_cast<int64_t>(here) - static_cast<int64_t>(last), out);
    last = here;
  }
  *out += packed;
}

// About the bits that values take in groups: what their ranges ask for. A single wide value in a
// group makes it too many.
uint64_t EstimateBits(WordSpan values) {
  uint64_t bits = 0;
  for (size_t begin = 0; begin < values.size(); begin += kGroupSize) {
    const WordSpan group = values.subspan(begin, std::min(kGroupSize, values.size() - begin));
    auto low = static_cast<int64_t>(group[0]);
    int64_t high = low;
    for (const uint64_t value : group) {
      low = std::min(low, static_cast<int64_t>(value));
      high = std::max(high, static_cast<int64_t>(value));
    }
    const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
    bits += group.size() * static_cast<uint64_t>(std::bit_width(range));
  }
  return bits;
}

void AppendPackedColumn(WordSpan values, std::string* out) {
  PutEncoding(IntEncoding::kPacked, out);
  AppendGroups(values, out);
}

void AppendDeltaColumn(WordSpan values, WordSpan deltas, std::string* out) {
  PutEncoding(IntEncoding::kDelta, out);
  AppendZigzag(static_cast<int64_t>(values[0]), out);
  AppendGroups(deltas, out);
}

void AppendDeltaOfDeltaColumn(WordSpan values, WordSpan deltas, WordSpan delta_deltas,
                              std::string* out) {
  PutEncoding(IntEncoding::kDeltaOfDelta, out);
  AppendZigzag(static_cast<int64_t>(values[0]), out);
  AppendZigzag(static_cast<int64_t>(deltas[0]), out);
  AppendGroups(delta_deltas, out);
}

// Requires: at least two values.
void AppendGuessed(WordSpan values, std::string* out) {
  const Words deltas = Differences(values);
  const Words delta_deltas = Differences(deltas);
  const uint64_t packed_bits = EstimateBits(values);
  const uint64_t delta_bits = EstimateBits(deltas);
  const uint64_t delta_delta_bits = EstimateBits(delta_deltas);
  if (packed_bits <= delta_bits && packed_bits <= delta_delta_bits) {
    return AppendPackedColumn(values, out);
  }
  if (delta_bits <= delta_delta_bits) return AppendDeltaColumn(values, deltas, out);
  AppendDeltaOfDeltaColumn(values, deltas, delta_deltas, out);
}

// Requires: at least two values.
void AppendShortest(WordSpan values, CodecEffort effort, std::string* out) {
  if (effort == CodecEffort::kGuess) return AppendGuessed(values, out);
  const Words deltas = Differences(values);
  const Words delta_deltas = Differences(deltas);
  std::string packed;
  AppendPackedColumn(values, &packed);
  std::string delta;
  AppendDeltaColumn(values, deltas, &delta);
  std::string delta_delta;
  AppendDeltaOfDeltaColumn(values, deltas, delta_deltas, &delta_delta);

  // Of equally long ones the one that is quicker to read.
  const std::string* shortest = &packed;
  if (delta.size() < shortest->size()) shortest = &delta;
  if (delta_delta.size() < shortest->size()) shortest = &delta_delta;
  if (effort != CodecEffort::kThorough || values.size() < kMinCodedValues) {
    *out += *shortest;
    return;
  }
  const std::string coded = EncodeCoded(values);
  if (coded.size() < shortest->size()) {
    *out += coded;
  } else if (shortest->size() < 2 * kPieceBytes) {
    *out += *shortest;
  } else {
    const size_t order = shortest == &packed ? 0 : shortest == &delta ? 1 : 2;
    const std::array<WordSpan, kMaxOrder + 1> orders = {values, deltas, delta_deltas};
    AppendGroupPieces(std::span(orders).first(order), orders[order], shortest->size(), out);
  }
}

}  // namespace

// +----------------+------------------------------------------------------------+
// | encoding, 0x80 | constant:        zigzag value                              |
// | a flag         | step:            zigzag first, zigzag step                 |
// |                | packed:          groups of n values                        |
// |                | delta:           zigzag first, groups of n-1 differences   |
// |                | delta-of-delta:  zigzag first, zigzag first difference,    |
// |                |                  groups of n-2 differences of differences  |
// |                | coded:           order d (byte 0..2), d zigzags: the first  |
// |                |                  value, difference; zigzag reference r;     |
// |                |                  class codes of zigzag(x - r), or with      |
// |                |                  kUnsignedFlag in d of x - r, for the n-d   |
// |                |                  differences x of order d                   |
// |                | coded in pieces, packed in pieces: see IntEncoding          |
// +----------------+------------------------------------------------------------+
// With the flag, zigzag base and varint divisor stand behind the first byte, and the rest encodes
// (value - base) / divisor: nanoseconds that are really milliseconds lose six digits.
void AppendIntColumn(std::span<const int64_t> values, std::string* out, CodecEffort effort) {
  if (values.empty()) return;
  const WordSpan words(reinterpret_cast<const uint64_t*>(values.data()), values.size());
  if (words.size() == 1 || (words[0] == words[1] && HasConstantStep(words))) {
    PutEncoding(IntEncoding::kConstant, out);
    AppendZigzag(values[0], out);
    return;
  }
  if (HasConstantStep(words)) {
    PutEncoding(IntEncoding::kStep, out);
    AppendZigzag(values[0], out);
    AppendZigzag(static_cast<int64_t>(words[1] - words[0]), out);
    return;
  }
  const uint64_t divisor = CommonDivisor(values);
  if (divisor <= 1) return AppendShortest(words, effort, out);
  Words scaled(words.size());
  for (size_t i = 0; i < words.size(); ++i) {
    const bool below = values[i] < values[0];
    const uint64_t quotient = (below ? words[0] - words[i] : words[i] - words[0]) / divisor;
    scaled[i] = below ? -quotient : quotient;
  }
  const size_t head = out->size();
  AppendShortest(scaled, effort, out);
  std::string scale;
  AppendZigzag(values[0], &scale);
  AppendVarint(divisor, &scale);
  (*out)[head] = static_cast<char>(static_cast<uint8_t>((*out)[head]) | kScaledFlag);
  out->insert(head + 1, scale);
}

std::string IntEncodingName(std::string_view bytes) {
  if (bytes.empty()) return "empty";
  const auto head = static_cast<uint8_t>(bytes[0]);
  const size_t encoding = head & ~kScaledFlag;
  if (encoding >= kNames.size()) return "unknown";
  return fmt::format("{}{}", (head & kScaledFlag) != 0 ? "scaled " : "", kNames[encoding]);
}

}  // namespace vigil::storage
