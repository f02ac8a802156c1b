// SPDX-License-Identifier: Apache-2.0
//
// Reads the chunks of server/remote_read/chunks.h back, bit by bit, as another program would.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/model/sample.h"

namespace vigil::server::testing {

class ChunkReader {
 public:
  explicit ChunkReader(std::string_view data) : data_(data) {}

  // Appends the floats of an XOR chunk.
  void ReadFloats(storage::SampleColumns* samples) {
    const auto count = static_cast<size_t>(Bits(16));
    int64_t time_ms = 0, delta = 0;
    Xor value;
    for (size_t i = 0; i < count; ++i) {
      if (i == 0) {
        const uint64_t zigzag = Varint();
        time_ms = static_cast<int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1)));
        First(&value);
      } else {
        delta = i == 1 ? static_cast<int64_t>(Varint()) : delta + TimeChange();
        time_ms += delta;
        Next(&value);
      }
      samples->times_ms.push_back(time_ms);
      samples->values.push_back(std::bit_cast<double>(value.bits));
    }
  }

  // Appends the histograms of a chunk of them.
  void ReadHistograms(storage::SampleColumns* samples) {
    const auto count = static_cast<size_t>(Bits(16));
    storage::Histogram layout;
    const uint64_t flags = Bits(8) >> 6;
    layout.reset_hint = flags == 2   ? storage::CounterResetHint::kReset
                        : flags == 1 ? storage::CounterResetHint::kNotReset
                        : flags == 3 ? storage::CounterResetHint::kGauge
                                     : storage::CounterResetHint::kUnknown;
    const uint64_t threshold = Bits(8);
    if (threshold == 255) {
      layout.zero_threshold = std::bit_cast<double>(Bits(64));
    } else if (threshold > 0) {
      layout.zero_threshold = std::ldexp(1, static_cast<int>(threshold) - 244);
    }
    layout.schema = static_cast<int8_t>(VarbitInt());
    layout.positive_spans = Spans(&layout.positive_counts);
    layout.negative_spans = Spans(&layout.negative_counts);
    if (layout.UsesCustomBuckets()) ReadBounds(&layout.custom_bounds);
    int64_t time_ms = 0, delta = 0;
    std::vector<Xor> columns(3 + layout.positive_counts.size() + layout.negative_counts.size());
    for (size_t i = 0; i < count; ++i) {
      const int64_t change = VarbitInt();
      if (i == 0) {
        time_ms = change;
      } else {
        delta += change;
        time_ms += delta;
      }
      for (Xor& column : columns) i == 0 ? First(&column) : Next(&column);
      auto histogram = std::make_shared<storage::Histogram>(layout);
      Fill(columns, histogram.get());
      if (i > 0 && flags != 3) histogram->reset_hint = storage::CounterResetHint::kNotReset;
      samples->histogram_times_ms.push_back(time_ms);
      samples->histograms.push_back(std::move(histogram));
    }
  }

 private:
  struct Xor {
    uint64_t bits = 0;
    int leading = 0;
    int length = 0;
  };

  uint64_t Bits(int count) {
    uint64_t value = 0;
    for (; count > 0; --count, ++at_) {
      value = value << 1 | (static_cast<unsigned char>(data_.at(at_ / 8)) >> (7 - at_ % 8) & 1);
    }
    return value;
  }
  // Sign-extended; of two's complement the largest positive number stands for itself.
  int64_t Signed(int count) {
    const auto value = static_cast<int64_t>(Bits(count));
    return count < 64 && value > int64_t{1} << (count - 1) ? value - (int64_t{1} << count) : value;
  }
  int Ones(int most) {
    int ones = 0;
    while (ones < most && Bits(1) == 1) ++ones;
    return ones;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const uint64_t byte = Bits(8);
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  }
  int64_t TimeChange() {
    constexpr int kBits[] = {0, 14, 17, 20, 64};
    const int ones = Ones(4);
    return ones == 0 ? 0 : Signed(kBits[ones]);
  }
  static constexpr int kClassBits[] = {0, 3, 6, 9, 12, 18, 25, 56, 64};
  int64_t VarbitInt() {
    const int ones = Ones(8);
    return ones == 0 ? 0 : Signed(kClassBits[ones]);
  }
  uint64_t VarbitUint() {
    const int ones = Ones(8);
    return ones == 0 ? 0 : Bits(kClassBits[ones]);
  }
  void First(Xor* column) { column->bits = Bits(64); }
  void Next(Xor* column) {
    if (Bits(1) == 0) return;
    if (Bits(1) == 1) {
      column->leading = static_cast<int>(Bits(5));
      column->length = static_cast<int>(Bits(6));
      if (column->length == 0) column->length = 64;
    }
    column->bits ^= Bits(column->length) << (64 - column->leading - column->length);
  }
  std::vector<storage::BucketSpan> Spans(std::vector<double>* counts) {
    std::vector<storage::BucketSpan> spans(VarbitUint());
    size_t buckets = 0;
    for (storage::BucketSpan& span : spans) {
      span.length = static_cast<uint32_t>(VarbitUint());
      span.offset = static_cast<int32_t>(VarbitInt());
      buckets += span.length;
    }
    counts->resize(buckets);
    return spans;
  }
  void ReadBounds(std::vector<double>* bounds) {
    bounds->resize(VarbitUint());
    for (double& bound : *bounds) {
      const uint64_t scaled = VarbitUint();
      bound =
          scaled == 0 ? std::bit_cast<double>(Bits(64)) : static_cast<double>(scaled - 1) / 1000;
    }
  }
  static void Fill(const std::vector<Xor>& columns, storage::Histogram* histogram) {
    size_t at = 0;
    const auto next = [&] { return std::bit_cast<double>(columns[at++].bits); };
    histogram->count = next();
    histogram->zero_count = next();
    histogram->sum = next();
    for (double& count : histogram->positive_counts) count = next();
    for (double& count : histogram->negative_counts) count = next();
  }

  const std::string_view data_;
  size_t at_ = 0;  // In bits.
};

}  // namespace vigil::server::testing
