// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_write/native_histogram.h"

#include <utility>
#include <vector>

#include "collector/otlp/wire.h"
#include "collector/remote_write/histogram_wire.h"

namespace vigil::collector {
namespace {

using storage::Histogram;

// The message as it stands on the wire: buckets as deltas or as counts, whichever came.
struct WireHistogram {
  bool is_float = false;
  uint64_t count_int = 0;
  double count_float = 0;
  bool zero_is_float = false;
  uint64_t zero_int = 0;
  double zero_float = 0;
  int32_t schema = 0;
  uint64_t reset_hint = 0;
  std::vector<uint64_t> positive_deltas, negative_deltas;
  std::vector<double> positive_counts, negative_counts;
};

bool ReadScalar(WireReader* reader, WireHistogram* wire, NativeHistogram* read) {
  if (reader->Is(1, WireType::kVarint)) {
    wire->count_int = reader->Varint();
    wire->is_float = false;
  } else if (reader->Is(2, WireType::kFixed64)) {
    wire->count_float = reader->Double();
    wire->is_float = true;
  } else if (reader->Is(3, WireType::kFixed64)) {
    read->histogram.sum = reader->Double();
  } else if (reader->Is(4, WireType::kVarint)) {
    wire->schema = ZigZag32(reader->Varint());
  } else if (reader->Is(5, WireType::kFixed64)) {
    read->histogram.zero_threshold = reader->Double();
  } else if (reader->Is(6, WireType::kVarint)) {
    wire->zero_int = reader->Varint();
    wire->zero_is_float = false;
  } else if (reader->Is(7, WireType::kFixed64)) {
    wire->zero_float = reader->Double();
    wire->zero_is_float = true;
  } else if (reader->Is(14, WireType::kVarint)) {
    wire->reset_hint = reader->Varint();
  } else if (reader->Is(15, WireType::kVarint)) {
    read->time_ms = static_cast<int64_t>(reader->Varint());
  } else {
    reader->Skip();
  }
  return reader->ok();
}

bool ReadField(WireReader* reader, WireHistogram* wire, NativeHistogram* read) {
  switch (reader->field()) {
    case 8:
      return ReadBucketSpan(reader, &read->histogram.negative_spans);
    case 9:
      return ReadDeltas(reader, &wire->negative_deltas);
    case 10:
      return ReadDoubles(reader, &wire->negative_counts);
    case 11:
      return ReadBucketSpan(reader, &read->histogram.positive_spans);
    case 12:
      return ReadDeltas(reader, &wire->positive_deltas);
    case 13:
      return ReadDoubles(reader, &wire->positive_counts);
    case 16:
      return ReadDoubles(reader, &read->histogram.custom_bounds);
    default:
      return ReadScalar(reader, wire, read);
  }
}

}  // namespace

bool ReadNativeHistogram(std::string_view bytes, NativeHistogram* read) {
  *read = {};
  WireHistogram wire;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (!ReadField(&reader, &wire, read)) return false;
  }
  if (!reader.ok()) return false;
  Histogram& histogram = read->histogram;
  histogram.count = wire.is_float ? wire.count_float : static_cast<double>(wire.count_int);
  histogram.zero_count = wire.zero_is_float ? wire.zero_float : static_cast<double>(wire.zero_int);
  histogram.positive_counts =
      wire.is_float ? std::move(wire.positive_counts) : BucketCounts(wire.positive_deltas);
  histogram.negative_counts =
      wire.is_float ? std::move(wire.negative_counts) : BucketCounts(wire.negative_deltas);
  if (wire.reset_hint <= 3) {
    histogram.reset_hint = static_cast<storage::CounterResetHint>(wire.reset_hint);
  }
  histogram.schema = static_cast<int8_t>(wire.schema);
  read->fault = HistogramFault(histogram, wire.schema, wire.is_float);
  return true;
}

}  // namespace vigil::collector
