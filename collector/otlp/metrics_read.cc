// SPDX-License-Identifier: Apache-2.0
//
// How metrics_walk.h reads a data point's fields. What they mean is in metrics_points.cc.
#include <cstring>
#include <string_view>
#include <vector>

#include "collector/otlp/metrics_walk.h"

namespace vigil::collector {
namespace {

constexpr uint64_t kNoRecordedValue = 1;  // Bit 0 of a point's flags.

// A repeated double or fixed64 field, packed or not.
template <typename Convert>
bool ReadRepeatedFixed64(WireReader* reader, const Convert& convert, std::vector<double>* values) {
  if (reader->type() == WireType::kFixed64) {
    values->push_back(convert(reader->Fixed64()));
    return reader->ok();
  }
  if (reader->type() != WireType::kBytes) {
    reader->Skip();
    return reader->ok();
  }
  const std::string_view packed = reader->Bytes();
  if (packed.size() % sizeof(uint64_t) != 0) return false;
  for (size_t i = 0; i < packed.size(); i += sizeof(uint64_t)) {
    uint64_t bits;
    std::memcpy(&bits, packed.data() + i, sizeof(bits));
    values->push_back(convert(bits));
  }
  return reader->ok();
}

double AsDouble(uint64_t bits) { return std::bit_cast<double>(bits); }
double AsCount(uint64_t bits) { return static_cast<double>(bits); }
int32_t ZigZag(uint64_t value) {
  const auto low = static_cast<uint32_t>(value);
  return static_cast<int32_t>((low >> 1) ^ (0 - (low & 1)));
}

// One count more than are allowed is kept, by which ToNativeHistogram sees that there are too many:
// a byte of the request would otherwise cost eight of memory.
void AddBucket(uint64_t count, std::vector<double>* counts) {
  if (counts->size() <= kMaxExponentialBuckets) counts->push_back(AsCount(count));
}

// The Buckets message of an exponential histogram: offset, packed varint counts.
bool ReadExponentialBuckets(std::string_view bytes, int32_t* offset, std::vector<double>* counts) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kVarint)) {
      *offset = ZigZag(reader.Varint());
    } else if (reader.Is(2, WireType::kVarint)) {
      AddBucket(reader.Varint(), counts);
    } else if (reader.Is(2, WireType::kBytes)) {
      WireReader packed(reader.Bytes());
      while (packed.ok() && !packed.AtEnd()) AddBucket(packed.Varint(), counts);
      if (!packed.ok()) return false;
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

bool ReadQuantile(std::string_view bytes, double* quantile, double* value) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kFixed64)) {
      *quantile = reader.Double();
    } else if (reader.Is(2, WireType::kFixed64)) {
      *value = reader.Double();
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

}  // namespace

void MetricsWalk::Point::Clear() {
  time_ns = start_ns = 0;
  has_value = stale = has_sum = false;
  value = count = sum = 0;
  values.clear();
  bounds.clear();
  exponential.scale = exponential.positive_offset = exponential.negative_offset = 0;
  exponential.zero_count = exponential.zero_threshold = 0;
  exponential.positive_counts.clear();
  exponential.negative_counts.clear();
  attributes.Clear();
  exemplars.clear();
}

// Tags of a number point: field number * 8 + wire type.
bool MetricsWalk::TakePlainNumber(std::string_view bytes) {
  constexpr uint8_t kStartTime = 2 << 3 | 1;
  constexpr uint8_t kTime = 3 << 3 | 1;
  constexpr uint8_t kDouble = 4 << 3 | 1;
  constexpr uint8_t kInteger = 6 << 3 | 1;
  constexpr uint8_t kAttribute = 7 << 3 | 2;
  constexpr ptrdiff_t kFixedFieldBytes = 9;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const char* attributes = nullptr;
  const char* attributes_end = nullptr;
  uint64_t time_ns = 0;
  double value = 0;
  bool has_value = false;
  // Takes the field at `at` if it has this tag.
  const auto take_fixed = [&at, end](uint8_t tag, uint64_t* bits) {
    if (end - at < kFixedFieldBytes || static_cast<uint8_t>(*at) != tag) return false;
    std::memcpy(bits, at + 1, sizeof(*bits));
    at += kFixedFieldBytes;
    return true;
  };
  while (at != end) {
    // Most senders write in the order of the numbers, and then this is passed once.
    uint64_t bits = 0;
    take_fixed(kStartTime, &bits);
    take_fixed(kTime, &time_ns);
    if (take_fixed(kDouble, &bits)) {
      value = AsDouble(bits);
      has_value = true;
    } else if (take_fixed(kInteger, &bits)) {
      value = static_cast<double>(static_cast<int64_t>(bits));
      has_value = true;
    }
    if (at == end) break;
    if (static_cast<uint8_t>(*at) != kAttribute || attributes != nullptr) return false;
    attributes = at;
    while (end - at >= 2 && static_cast<uint8_t>(*at) == kAttribute) {
      if (static_cast<int8_t>(at[1]) < 0) return false;
      at += 2 + at[1];
    }
    if (at > end) return false;
    attributes_end = at;
  }
  const std::string_view run(attributes, attributes_end - attributes);
  const PointKey key = run.empty() ? metric_key_ : HashBelow(metric_key_, run, seed_);
  if (has_value && time_ns == admitted_ns_ && time_ns != 0) {
    if (const auto known = cursor_->Find(key); known.has_value()) [[likely]] {
      batch_.Add(known->first, admitted_ms_, value);
      return true;
    }
  }
  point_.time_ns = time_ns;
  point_.value = value;
  point_.has_value = has_value;
  point_.stale = false;
  point_.attributes.Clear();
  point_.exemplars.clear();
  if (!run.empty()) point_.attributes.Add(attributes, attributes_end);
  TakeNumber(key);
  return true;
}

bool MetricsWalk::ReadPoint(std::string_view bytes) {
  point_.Clear();
  switch (metric_.kind) {
    case DataKind::kGauge:
    case DataKind::kSum:
      return ReadNumber(bytes);
    case DataKind::kHistogram:
      return ReadHistogram(bytes);
    case DataKind::kExponential:
      return ReadExponential(bytes);
    case DataKind::kSummary:
      return ReadSummary(bytes);
  }
  return false;
}

bool MetricsWalk::ReadCommonField(WireReader* reader, CommonFields fields) {
  if (reader->Is(fields.attributes, WireType::kBytes)) {
    const char* const begin = reader->field_begin();
    reader->Bytes();
    if (reader->ok()) point_.attributes.Add(begin, reader->at());
  } else if (reader->Is(fields.flags, WireType::kVarint)) {
    point_.stale = (reader->Varint() & kNoRecordedValue) != 0;
  } else if (reader->Is(3, WireType::kFixed64)) {
    point_.time_ns = reader->Fixed64();
  } else if (reader->Is(2, WireType::kFixed64)) {
    point_.start_ns = reader->Fixed64();
  } else if (reader->Is(fields.exemplars, WireType::kBytes)) {
    const std::string_view bytes = reader->Bytes();
    if (reader->ok() && !ReadExemplar(bytes)) return false;
  } else {
    reader->Skip();
  }
  return reader->ok();
}

bool MetricsWalk::ReadNumber(std::string_view bytes) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(4, WireType::kFixed64)) {
      point_.value = reader.Double();
      point_.has_value = true;
    } else if (reader.Is(6, WireType::kFixed64)) {
      point_.value = static_cast<double>(static_cast<int64_t>(reader.Fixed64()));
      point_.has_value = true;
    } else {
      if (!ReadCommonField(&reader, {7, 8, 5})) return false;
    }
  }
  return reader.ok();
}

bool MetricsWalk::ReadHistogram(std::string_view bytes) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(4, WireType::kFixed64)) {
      point_.count = AsCount(reader.Fixed64());
    } else if (reader.Is(5, WireType::kFixed64)) {
      point_.sum = reader.Double();
      point_.has_sum = true;
    } else if (reader.field() == 6) {
      if (!ReadRepeatedFixed64(&reader, AsCount, &point_.values)) return false;
    } else if (reader.field() == 7) {
      if (!ReadRepeatedFixed64(&reader, AsDouble, &point_.bounds)) return false;
    } else {
      if (!ReadCommonField(&reader, {9, 10, 8})) return false;
    }
  }
  return reader.ok();
}

bool MetricsWalk::ReadExponential(std::string_view bytes) {
  ExponentialPoint& exponential = point_.exponential;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(4, WireType::kFixed64)) {
      point_.count = AsCount(reader.Fixed64());
    } else if (reader.Is(5, WireType::kFixed64)) {
      point_.sum = reader.Double();
    } else if (reader.Is(6, WireType::kVarint)) {
      exponential.scale = ZigZag(reader.Varint());
    } else if (reader.Is(7, WireType::kFixed64)) {
      exponential.zero_count = AsCount(reader.Fixed64());
    } else if (reader.Is(8, WireType::kBytes)) {
      if (!ReadExponentialBuckets(reader.Bytes(), &exponential.positive_offset,
                                  &exponential.positive_counts)) {
        return false;
      }
    } else if (reader.Is(9, WireType::kBytes)) {
      if (!ReadExponentialBuckets(reader.Bytes(), &exponential.negative_offset,
                                  &exponential.negative_counts)) {
        return false;
      }
    } else if (reader.Is(14, WireType::kFixed64)) {
      exponential.zero_threshold = reader.Double();
    } else {
      if (!ReadCommonField(&reader, {1, 10, 11})) return false;
    }
  }
  return reader.ok();
}

bool MetricsWalk::ReadSummary(std::string_view bytes) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(4, WireType::kFixed64)) {
      point_.count = AsCount(reader.Fixed64());
    } else if (reader.Is(5, WireType::kFixed64)) {
      point_.sum = reader.Double();
    } else if (reader.Is(6, WireType::kBytes)) {
      double quantile = 0;
      double value = 0;
      if (!ReadQuantile(reader.Bytes(), &quantile, &value)) return false;
      point_.bounds.push_back(quantile);
      point_.values.push_back(value);
    } else {
      if (!ReadCommonField(&reader, {7, 8, 0})) return false;
    }
  }
  return reader.ok();
}

}  // namespace vigil::collector
