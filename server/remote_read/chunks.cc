// SPDX-License-Identifier: Apache-2.0
#include "server/remote_read/chunks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>

#include "base/wire_writer.h"
#include "server/remote_read/bit_writer.h"

namespace vigil::server {
namespace {

using storage::BucketSpan;
using storage::CounterResetHint;
using storage::Histogram;

// Puts the number of samples in front of a chunk.
void SetCount(size_t count, Chunk* chunk) {
  chunk->data[0] = static_cast<char>(count >> 8);
  chunk->data[1] = static_cast<char>(count);
}

// A column of floats, each coded by what changed since the one before.
class XorColumn {
 public:
  void First(double value, BitWriter* bits) {
    bits_before_ = std::bit_cast<uint64_t>(value);
    bits->Bits(bits_before_, 64);
  }

  void Next(double value, BitWriter* bits) {
    const auto now = std::bit_cast<uint64_t>(value);
    const uint64_t delta = now ^ bits_before_;
    bits_before_ = now;
    if (delta == 0) return bits->Bits(0, 1);
    constexpr int kMostLeading = 31;
    const int leading = std::min(std::countl_zero(delta), kMostLeading);
    const int trailing = std::countr_zero(delta);
    if (length_ > 0 && leading >= leading_ && trailing >= 64 - leading_ - length_) {
      bits->Bits(0b10, 2);
      return bits->Bits(delta >> (64 - leading_ - length_), length_);
    }
    leading_ = leading;
    length_ = 64 - leading - trailing;
    bits->Bits(0b11, 2);
    bits->Bits(static_cast<uint64_t>(leading_), 5);
    bits->Bits(static_cast<uint64_t>(length_), 6);
    bits->Bits(delta >> trailing, length_);
  }

 private:
  uint64_t bits_before_ = 0;
  int leading_ = 0;
  int length_ = 0;  // 0: none has had a place yet.
};

int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

void WriteTimeChange(int64_t dod, BitWriter* bits) {
  if (dod == 0) {
    bits->Bits(0, 1);
  } else if (FitsBits(dod, 14)) {
    bits->Bits(0b10, 2);
    bits->Bits(static_cast<uint64_t>(dod), 14);
  } else if (FitsBits(dod, 17)) {
    bits->Bits(0b110, 3);
    bits->Bits(static_cast<uint64_t>(dod), 17);
  } else if (FitsBits(dod, 20)) {
    bits->Bits(0b1110, 4);
    bits->Bits(static_cast<uint64_t>(dod), 20);
  } else {
    bits->Bits(0b1111, 4);
    bits->Bits(static_cast<uint64_t>(dod), 64);
  }
}

// A byte-wise varint among the bits.
void WriteVarint(uint64_t value, BitWriter* bits) {
  std::string bytes;
  AppendVarint(value, &bytes);
  for (const char byte : bytes) bits->Bits(static_cast<unsigned char>(byte), 8);
}

Chunk FloatChunk(const storage::SampleColumns& samples, size_t begin, size_t end) {
  const std::vector<int64_t>& times = samples.times_ms;
  Chunk chunk{ChunkKind::kXor, times[begin], times[end - 1], std::string(2, '\0')};
  SetCount(end - begin, &chunk);
  BitWriter bits(&chunk.data);
  XorColumn values;
  int64_t delta = 0;
  for (size_t i = begin; i < end; ++i) {
    if (i == begin) {
      const auto time = static_cast<uint64_t>(times[i]);
      WriteVarint(time << 1 ^ static_cast<uint64_t>(times[i] >> 63), &bits);
      values.First(samples.values[i], &bits);
      continue;
    }
    const int64_t delta_before = delta;
    delta = Minus(times[i], times[i - 1]);
    if (i == begin + 1) {
      WriteVarint(static_cast<uint64_t>(delta), &bits);
    } else {
      WriteTimeChange(Minus(delta, delta_before), &bits);
    }
    values.Next(samples.values[i], &bits);
  }
  return chunk;
}

void WriteZeroThreshold(double threshold, BitWriter* bits) {
  if (threshold == 0) return bits->Bits(0, 8);
  int exponent = 0;
  const double fraction = std::frexp(threshold, &exponent);
  constexpr int kOffset = 243;
  if (fraction == 0.5 && exponent + kOffset >= 1 && exponent + kOffset <= 254) {
    return bits->Bits(static_cast<uint64_t>(exponent + kOffset), 8);
  }
  bits->Bits(255, 8);
  bits->Bits(std::bit_cast<uint64_t>(threshold), 64);
}

void WriteSpans(const std::vector<BucketSpan>& spans, BitWriter* bits) {
  bits->VarbitUint(spans.size());
  for (const BucketSpan& span : spans) {
    bits->VarbitUint(span.length);
    bits->VarbitInt(span.offset);
  }
}

void WriteCustomBound(double bound, BitWriter* bits) {
  constexpr double kScale = 1000;
  constexpr double kMost = (1 << 25) - 2;  // Beyond it the scaled form is no shorter.
  const double scaled = std::round(bound * kScale);
  if (scaled >= 0 && scaled <= kMost && scaled / kScale == bound && !std::signbit(bound)) {
    return bits->VarbitUint(static_cast<uint64_t>(scaled) + 1);
  }
  bits->Bits(0, 1);
  bits->Bits(std::bit_cast<uint64_t>(bound), 64);
}

uint64_t FlagsOf(CounterResetHint hint) {
  switch (hint) {
    case CounterResetHint::kReset:
      return 0x80;
    case CounterResetHint::kNotReset:
      return 0x40;
    case CounterResetHint::kGauge:
      return 0xC0;
    case CounterResetHint::kUnknown:
      break;
  }
  return 0;
}

void WriteLayout(const Histogram& histogram, BitWriter* bits) {
  bits->Bits(FlagsOf(histogram.reset_hint), 8);
  WriteZeroThreshold(histogram.zero_threshold, bits);
  bits->VarbitInt(histogram.schema);
  WriteSpans(histogram.positive_spans, bits);
  WriteSpans(histogram.negative_spans, bits);
  if (!histogram.UsesCustomBuckets()) return;
  bits->VarbitUint(histogram.custom_bounds.size());
  for (const double bound : histogram.custom_bounds) WriteCustomBound(bound, bits);
}

// Calls visit(number) for each of a sample, in the order in which chunks have them.
template <typename Visit>
void ForEachNumber(const Histogram& histogram, const Visit& visit) {
  visit(histogram.count);
  visit(histogram.zero_count);
  visit(histogram.sum);
  for (const double count : histogram.positive_counts) visit(count);
  for (const double count : histogram.negative_counts) visit(count);
}

bool SameLayout(const Histogram& a, const Histogram& b) {
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold &&
         a.positive_spans == b.positive_spans && a.negative_spans == b.negative_spans &&
         a.custom_bounds == b.custom_bounds;
}

bool AnyFell(const std::vector<double>& before, const std::vector<double>& now) {
  for (size_t i = 0; i < now.size(); ++i) {
    if (!(now[i] >= before[i])) return true;
  }
  return false;
}

// Whether a chunk in which `before` is the last may go on with `now`.
bool Follows(const Histogram& before, const Histogram& now) {
  if (!SameLayout(before, now) || IsStale(before) != IsStale(now)) return false;
  const bool gauge = now.reset_hint == CounterResetHint::kGauge;
  if (gauge != (before.reset_hint == CounterResetHint::kGauge)) return false;
  if (gauge || now.reset_hint == CounterResetHint::kNotReset) return true;
  return now.reset_hint != CounterResetHint::kReset && now.count >= before.count &&
         now.zero_count >= before.zero_count &&
         !AnyFell(before.positive_counts, now.positive_counts) &&
         !AnyFell(before.negative_counts, now.negative_counts);
}

Chunk HistogramChunk(const storage::SampleColumns& samples, size_t begin, size_t end) {
  const std::vector<int64_t>& times = samples.histogram_times_ms;
  Chunk chunk{ChunkKind::kFloatHistogram, times[begin], times[end - 1], std::string(2, '\0')};
  SetCount(end - begin, &chunk);
  BitWriter bits(&chunk.data);
  WriteLayout(*samples.histograms[begin], &bits);
  std::vector<XorColumn> columns;
  bits.VarbitInt(times[begin]);
  ForEachNumber(*samples.histograms[begin],
                [&](double number) { columns.emplace_back().First(number, &bits); });
  int64_t delta = 0;
  for (size_t i = begin + 1; i < end; ++i) {
    const int64_t delta_before = delta;
    delta = Minus(times[i], times[i - 1]);
    bits.VarbitInt(Minus(delta, delta_before));
    size_t column = 0;
    ForEachNumber(*samples.histograms[i],
                  [&](double number) { columns[column++].Next(number, &bits); });
  }
  return chunk;
}

}  // namespace

std::vector<Chunk> EncodeChunks(const storage::SampleColumns& samples) {
  std::vector<Chunk> chunks;
  const std::vector<int64_t>& float_times = samples.times_ms;
  const std::vector<int64_t>& histogram_times = samples.histogram_times_ms;
  size_t floats = 0;
  size_t histograms = 0;
  while (floats < float_times.size() || histograms < histogram_times.size()) {
    // A run of one kind, up to where the other kind has a sample.
    const bool is_float =
        histograms == histogram_times.size() ||
        (floats < float_times.size() && float_times[floats] < histogram_times[histograms]);
    size_t& begin = is_float ? floats : histograms;
    const std::vector<int64_t>& times = is_float ? float_times : histogram_times;
    const std::vector<int64_t>& others = is_float ? histogram_times : float_times;
    const size_t other = is_float ? histograms : floats;
    size_t end = begin + 1;
    while (end < times.size() && end - begin < kSamplesPerChunk &&
           (other == others.size() || times[end] < others[other]) &&
           (is_float || Follows(*samples.histograms[end - 1], *samples.histograms[end]))) {
      ++end;
    }
    chunks.push_back(is_float ? FloatChunk(samples, begin, end)
                              : HistogramChunk(samples, begin, end));
    begin = end;
  }
  return chunks;
}

}  // namespace vigil::server
