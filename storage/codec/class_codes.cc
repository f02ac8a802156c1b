// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/class_codes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "storage/codec/class_shape.h"
#include "storage/codec/prefix_code.h"

namespace vigil::storage {
namespace {

// Shorter runs are cheaper as they are.
constexpr size_t kMinRun = 4;
constexpr size_t kMaxRun = (size_t{1} << kRunClasses) - 1;

// From how many bytes on a column has lanes: their lengths cost some bytes.
constexpr size_t kMinLanedBytes = 2048;

// Shorter codes than a reader must take: its table is filled sooner, and stays in the cache.
constexpr int kMostCodeBits = 10;

// Many classes describe the values best, few are described best themselves. All choices are made of
// whole classes of the finest.
constexpr ClassParameters kFinest = {.exact_bits = 6, .mantissa_bits = 3};
constexpr int kFewestExactBits = 2;
// What tells about how long the codes get.
constexpr ClassParameters kUsual[] = {{.exact_bits = 6, .mantissa_bits = 2},
                                      {.exact_bits = 4, .mantissa_bits = 0}};

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

// Adds how often each class occurs to `*counts`. Runs that reach from lane to lane are cut.
void CountInto(std::span<const uint64_t> values, const ClassParameters& parameters, bool laned,
               std::vector<uint32_t>* counts) {
  for (size_t lane = 0; lane < (laned ? kLanes : 1); ++lane) {
    ForEachItem(
        LaneOf(values, laned, lane),
        [&](uint64_t value) { ++(*counts)[SplitValue(value, parameters).symbol]; },
        [&](size_t length) { ++(*counts)[SplitRun(length).symbol]; });
  }
}

std::vector<uint32_t> CountClasses(std::span<const uint64_t> values,
                                   const ClassParameters& parameters, bool laned) {
  std::vector<uint32_t> counts(ClassesOf(parameters), 0);
  CountInto(values, parameters, laned, &counts);
  return counts;
}

// What CountClasses would give for `parameters`, of what it gives for kFinest.
std::vector<uint32_t> Coarsen(const std::vector<uint32_t>& finest,
                              const ClassParameters& parameters) {
  std::vector<uint32_t> counts(ClassesOf(parameters), 0);
  for (size_t symbol = 0; symbol < finest.size(); ++symbol) {
    if (finest[symbol] == 0) continue;
    if (symbol < kRunClasses) {
      counts[symbol] = finest[symbol];
      continue;
    }
    const ClassShape shape = ShapeOf(symbol, kFinest);
    counts[SplitValue(shape.prefix << shape.extra_bits, parameters).symbol] += finest[symbol];
  }
  return counts;
}

// n * log2(n).
double TimesLog2(uint32_t n) {
  constexpr uint32_t kKnown = 1024;
  static const std::vector<double> known = [] {
    std::vector<double> all = {0};
    for (uint32_t i = 1; i < kKnown; ++i) all.push_back(i * std::log2(i));
    return all;
  }();
  return n < kKnown ? known[n] : n * std::log2(n);
}

// Bytes that values of these classes take, estimated by their entropy.
size_t EstimateBytes(const std::vector<uint32_t>& counts, const ClassParameters& parameters) {
  constexpr double kBitsPerLength = 6;  // Of a code, with the gaps between them.
  constexpr double kFixedBits = 32;
  uint32_t total = 0;
  double bits = kFixedBits;
  for (size_t symbol = 0; symbol < counts.size(); ++symbol) {
    const uint32_t count = counts[symbol];
    if (count == 0) continue;
    total += count;
    bits += kBitsPerLength - TimesLog2(count) + count * ShapeOf(symbol, parameters).extra_bits;
  }
  return static_cast<size_t>((bits + TimesLog2(total)) / 8);
}

// Makes `*plan` what it becomes with these parameters, if that is shorter.
void Try(const ClassParameters& parameters, const std::vector<uint32_t>& finest, ClassPlan* plan) {
  const size_t bytes = EstimateBytes(Coarsen(finest, parameters), parameters);
  if (bytes >= plan->size_bytes) return;
  *plan = {parameters, bytes, bytes >= kMinLanedBytes};
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

// Writes values of classes that occur as `counts` says.
class Coder {
 public:
  Coder(const ClassPlan& plan, const std::vector<uint32_t>& counts)
      : parameters_(plan.parameters),
        laned_(plan.laned),
        lengths_(CodeLengths(counts, kMostCodeBits)),
        codes_(lengths_.size(), 0) {
    for (const SymbolCode& code : CanonicalCodes(lengths_)) codes_[code.symbol] = code.code;
  }

  void AppendDescription(std::string* out) const {
    out->push_back(static_cast<char>(parameters_.exact_bits << kParameterShift |
                                     parameters_.mantissa_bits | (laned_ ? kLanedFlag : 0)));
    AppendCodeLengths(lengths_, out);
  }

  // The streams of all lanes; what each takes.
  std::vector<size_t> AppendLanes(std::span<const uint64_t> values, std::string* streams) const {
    std::vector<size_t> sizes;
    for (size_t lane = 0; lane < (laned_ ? kLanes : 1); ++lane) {
      const size_t begin = streams->size();
      AppendStream(LaneOf(values, laned_, lane), streams);
      sizes.push_back(streams->size() - begin);
    }
    return sizes;
  }

 private:
  void AppendStream(std::span<const uint64_t> values, std::string* stream) const {
    BitWriter bits(stream);
    const auto put = [&](const Split& split, uint64_t value) {
      bits.Put(codes_[split.symbol], lengths_[split.symbol]);
      bits.PutLow(value, split.extra_bits);
    };
    ForEachItem(
        values, [&](uint64_t value) { put(SplitValue(value, parameters_), value); },
        [&](size_t length) { put(SplitRun(length), length); });
    bits.Finish();
  }

  const ClassParameters parameters_;
  const bool laned_;
  const std::vector<uint8_t> lengths_;
  std::vector<uint16_t> codes_;
};

}  // namespace

ClassPlan GuessClassCodes(std::span<const uint64_t> values) {
  const std::vector<uint32_t> finest = CountClasses(values, kFinest, false);
  ClassPlan plan = {.size_bytes = std::numeric_limits<size_t>::max()};
  for (const ClassParameters& parameters : kUsual) Try(parameters, finest, &plan);
  return plan;
}

ClassPlan PlanClassCodes(std::span<const uint64_t> values) {
  const std::vector<uint32_t> finest = CountClasses(values, kFinest, false);
  ClassPlan plan = {.size_bytes = std::numeric_limits<size_t>::max()};
  for (int exact = kFewestExactBits; exact <= kFinest.exact_bits; ++exact) {
    for (int mantissa = 0; mantissa <= std::min(exact, kFinest.mantissa_bits); ++mantissa) {
      Try({.exact_bits = exact, .mantissa_bits = mantissa}, finest, &plan);
    }
  }
  return plan;
}

// +-----------------+----------------+-----------------+-----------------------------------------+
// | exact bits << 4 | lengths of the | varint bytes of | for each value or run: the code of its  |
// | | mantissa bits | classes' codes | the stream      | class, then the class's extra bits      |
// +-----------------+----------------+-----------------+-----------------------------------------+
// With the flag 0x80 in the first byte there are four streams, their lengths before the first.
void AppendClassCodes(std::span<const uint64_t> values, const ClassPlan& plan, std::string* out) {
  if (values.empty()) return;
  const Coder coder(plan, CountClasses(values, plan.parameters, plan.laned));
  coder.AppendDescription(out);
  std::string streams;
  for (const size_t size : coder.AppendLanes(values, &streams)) AppendVarint(size, out);
  *out += streams;
}

// As above, with the flag. For each piece there are four lengths, each as zigzag of how it differs
// from the one before (the first one from 0), then for each its four streams.
void AppendClassPieces(std::span<const uint64_t> values, size_t piece_size, const ClassPlan& plan,
                       std::string* out) {
  const auto for_each_piece = [&](auto visit) {
    for (size_t begin = 0; begin < values.size(); begin += piece_size) {
      visit(values.subspan(begin, std::min(piece_size, values.size() - begin)));
    }
  };
  // Runs that reach from piece to piece are cut.
  std::vector<uint32_t> counts(ClassesOf(plan.parameters), 0);
  for_each_piece([&](auto piece) { CountInto(piece, plan.parameters, true, &counts); });
  const Coder coder(plan, counts);
  coder.AppendDescription(out);
  std::string streams;
  size_t last = 0;
  for_each_piece([&](auto piece) {
    for (const size_t size : coder.AppendLanes(piece, &streams)) {
      AppendZigzag(static_cast<int64_t>(size) - static_cast<int64_t>(last), out);
      last = size;
    }
  });
  *out += streams;
}

}  // namespace vigil::storage
