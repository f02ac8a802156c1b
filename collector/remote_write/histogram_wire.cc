// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_write/histogram_wire.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace vigil::collector {
namespace {

using storage::BucketSpan;
using storage::Histogram;

// Up to this doubles have all whole numbers.
constexpr double kMaxExactCount = 9007199254740992.0;

// As unsigned, so that sums may overflow.
uint64_t ZigZag64(uint64_t value) { return (value >> 1) ^ (0 - (value & 1)); }

// One element more than are allowed is kept: a byte of the request would otherwise cost eight of
// memory.
template <typename T>
void Add(T value, std::vector<T>* values) {
  if (values->size() <= kMaxNativeBuckets) values->push_back(value);
}

// What is wrong with the buckets of one sign, "" if nothing. `*end` becomes the index behind the
// last, `*total` grows by their counts.
std::string BucketsFault(const std::vector<BucketSpan>& spans, const std::vector<double>& counts,
                         int64_t* end, double* total) {
  if (counts.size() > kMaxNativeBuckets || spans.size() > kMaxNativeBuckets) {
    return fmt::format("it has more than {} buckets of one sign", kMaxNativeBuckets);
  }
  uint64_t buckets = 0;
  int64_t index = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    if (i > 0 && spans[i].offset < 0) return "its bucket spans overlap";
    index += int64_t{spans[i].offset} + spans[i].length;
    buckets += spans[i].length;
  }
  if (buckets != counts.size()) {
    return fmt::format("its spans name {} buckets, there are {}", buckets, counts.size());
  }
  if (index > std::numeric_limits<int32_t>::max()) return "it has buckets beyond index 2^31";
  for (const double count : counts) {
    if (!(count >= 0)) return "it has a bucket with a negative count";
    *total += count;
  }
  *end = index;
  return "";
}

std::string CustomFault(const Histogram& histogram, int64_t end) {
  const std::vector<double>& bounds = histogram.custom_bounds;
  if (bounds.size() > kMaxNativeBuckets) {
    return fmt::format("it has more than {} custom bounds", kMaxNativeBuckets);
  }
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) {
      return "its custom bounds do not rise strictly";
    }
  }
  if (!histogram.negative_spans.empty() || histogram.zero_count != 0 ||
      histogram.zero_threshold != 0) {
    return "it has custom bounds together with negative buckets or a zero bucket";
  }
  const bool first_is_negative =
      !histogram.positive_spans.empty() && histogram.positive_spans.front().offset < 0;
  if (first_is_negative || end > static_cast<int64_t>(bounds.size()) + 1) {
    return "it has buckets beyond its custom bounds";
  }
  return "";
}

}  // namespace

int32_t ZigZag32(uint64_t value) {
  const auto low = static_cast<uint32_t>(value);
  return static_cast<int32_t>((low >> 1) ^ (0 - (low & 1)));
}

bool ReadDeltas(WireReader* reader, std::vector<uint64_t>* deltas) {
  if (reader->type() == WireType::kVarint) {
    Add(ZigZag64(reader->Varint()), deltas);
  } else if (reader->type() == WireType::kBytes) {
    WireReader packed(reader->Bytes());
    while (packed.ok() && !packed.AtEnd()) Add(ZigZag64(packed.Varint()), deltas);
    if (!packed.ok()) return false;
  } else {
    reader->Skip();
  }
  return reader->ok();
}

bool ReadDoubles(WireReader* reader, std::vector<double>* values) {
  if (reader->type() == WireType::kFixed64) {
    Add(reader->Double(), values);
  } else if (reader->type() == WireType::kBytes) {
    const std::string_view packed = reader->Bytes();
    if (packed.size() % sizeof(double) != 0) return false;
    for (size_t i = 0; i < packed.size(); i += sizeof(double)) {
      uint64_t bits;
      std::memcpy(&bits, packed.data() + i, sizeof(bits));
      Add(std::bit_cast<double>(bits), values);
    }
  } else {
    reader->Skip();
  }
  return reader->ok();
}

bool ReadBucketSpan(WireReader* reader, std::vector<BucketSpan>* spans) {
  if (reader->type() != WireType::kBytes) {
    reader->Skip();
    return reader->ok();
  }
  BucketSpan span;
  WireReader message(reader->Bytes());
  while (message.NextField()) {
    if (message.Is(1, WireType::kVarint)) {
      span.offset = ZigZag32(message.Varint());
    } else if (message.Is(2, WireType::kVarint)) {
      span.length = static_cast<uint32_t>(message.Varint());
    } else {
      message.Skip();
    }
  }
  Add(span, spans);
  return message.ok() && reader->ok();
}

std::vector<double> BucketCounts(const std::vector<uint64_t>& deltas) {
  std::vector<double> counts;
  counts.reserve(deltas.size());
  uint64_t count = 0;
  for (const uint64_t delta : deltas) {
    count += delta;
    counts.push_back(static_cast<double>(static_cast<int64_t>(count)));
  }
  return counts;
}

std::string HistogramFault(const Histogram& histogram, int32_t schema, bool is_float) {
  if (schema != storage::kCustomBucketsSchema &&
      (schema < storage::kMinExponentialSchema || schema > storage::kMaxExponentialSchema)) {
    return fmt::format("its schema is {}; known are {} to {} and {}", schema,
                       storage::kMinExponentialSchema, storage::kMaxExponentialSchema,
                       storage::kCustomBucketsSchema);
  }
  int64_t positive_end = 0;
  int64_t negative_end = 0;
  double total = histogram.zero_count;
  std::string fault =
      BucketsFault(histogram.positive_spans, histogram.positive_counts, &positive_end, &total);
  if (fault.empty()) {
    fault =
        BucketsFault(histogram.negative_spans, histogram.negative_counts, &negative_end, &total);
  }
  if (!fault.empty()) return fault;
  if (!(histogram.count >= 0) || !(histogram.zero_count >= 0)) return "its count is negative";
  if (!is_float) {
    if (total > histogram.count) return "its buckets hold more than its count";
    // Observations of NaN are in no bucket, and sums beyond this are rounded.
    const bool exact = !std::isnan(histogram.sum) && histogram.count <= kMaxExactCount;
    if (exact && total < histogram.count) return "its buckets hold less than its count";
  }
  if (histogram.UsesCustomBuckets()) return CustomFault(histogram, positive_end);
  return histogram.custom_bounds.empty() ? "" : "it has custom bounds without the schema for them";
}

}  // namespace vigil::collector
