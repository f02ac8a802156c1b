// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/client_histogram.h"

#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/otlp/wire.h"
#include "collector/remote_write/histogram_wire.h"
#include "collector/remote_write/label_wire.h"

namespace vigil::collector {
namespace {

using storage::Label;

// Beyond this doubles have no whole milliseconds, and no clock has such a time.
constexpr int64_t kMaxTimeSeconds = 9'000'000'000'000;

absl::Status Malformed() {
  return absl::InvalidArgumentError("the protobuf encoding is broken or cut short");
}

// Counts come as integers or, if they are calculated, as doubles in fields of their own.
struct WireCounts {
  uint64_t count = 0;
  double count_float = 0;
  uint64_t zero = 0;
  double zero_float = 0;
  int32_t schema = 0;
  std::vector<uint64_t> positive_deltas, negative_deltas;
  std::vector<double> positive_counts, negative_counts;

  bool IsFloat() const { return count_float > 0 || zero_float > 0; }
};

// A google.protobuf.Timestamp.
bool ReadTime(std::string_view bytes, std::optional<int64_t>* time_ms) {
  int64_t seconds = 0;
  int64_t nanos = 0;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kVarint)) {
      seconds = static_cast<int64_t>(reader.Varint());
    } else if (reader.Is(2, WireType::kVarint)) {
      nanos = static_cast<int32_t>(reader.Varint());
    } else {
      reader.Skip();
    }
  }
  if (!reader.ok() || seconds > kMaxTimeSeconds || seconds < -kMaxTimeSeconds) return false;
  *time_ms = seconds * kMillisPerSecond + nanos / kNanosPerMilli;
  return true;
}

absl::Status ReadBucket(std::string_view bytes, std::vector<ClassicBucket>* buckets) {
  ClassicBucket& bucket = buckets->emplace_back();
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kVarint)) {
      if (const uint64_t count = reader.Varint(); count > 0) {
        bucket.cumulative_count = static_cast<double>(count);
      }
    } else if (reader.Is(2, WireType::kFixed64)) {
      bucket.upper_bound = reader.Double();
    } else if (reader.Is(3, WireType::kBytes)) {
      VIGIL_RETURN_IF_ERROR(ReadClientExemplar(reader.Bytes(), &bucket.exemplars));
    } else if (reader.Is(4, WireType::kFixed64)) {
      if (const double count = reader.Double(); count > 0) bucket.cumulative_count = count;
    } else {
      reader.Skip();
    }
  }
  return reader.ok() ? absl::OkStatus() : Malformed();
}

bool ReadCount(WireReader* reader, WireCounts* counts, ClientHistogram* read) {
  if (reader->Is(1, WireType::kVarint)) {
    counts->count = reader->Varint();
  } else if (reader->Is(2, WireType::kFixed64)) {
    read->histogram.sum = reader->Double();
  } else if (reader->Is(4, WireType::kFixed64)) {
    counts->count_float = reader->Double();
  } else if (reader->Is(5, WireType::kVarint)) {
    counts->schema = ZigZag32(reader->Varint());
  } else if (reader->Is(6, WireType::kFixed64)) {
    read->histogram.zero_threshold = reader->Double();
  } else if (reader->Is(7, WireType::kVarint)) {
    counts->zero = reader->Varint();
  } else if (reader->Is(8, WireType::kFixed64)) {
    counts->zero_float = reader->Double();
  } else {
    reader->Skip();
  }
  return reader->ok();
}

absl::Status ReadField(WireReader* reader, WireCounts* counts, ClientHistogram* read) {
  const auto checked = [](bool fine) { return fine ? absl::OkStatus() : Malformed(); };
  switch (reader->field()) {
    case 3:
      if (reader->type() != WireType::kBytes) return Malformed();
      return ReadBucket(reader->Bytes(), &read->buckets);
    case 9:
      return checked(ReadBucketSpan(reader, &read->histogram.negative_spans));
    case 10:
      return checked(ReadDeltas(reader, &counts->negative_deltas));
    case 11:
      return checked(ReadDoubles(reader, &counts->negative_counts));
    case 12:
      return checked(ReadBucketSpan(reader, &read->histogram.positive_spans));
    case 13:
      return checked(ReadDeltas(reader, &counts->positive_deltas));
    case 14:
      return checked(ReadDoubles(reader, &counts->positive_counts));
    case 16:
      if (reader->type() != WireType::kBytes) return Malformed();
      return ReadClientExemplar(reader->Bytes(), &read->exemplars);
    default:
      return checked(ReadCount(reader, counts, read));
  }
}

}  // namespace

absl::Status ReadClientExemplar(std::string_view bytes, std::vector<ExposedExemplar>* exemplars) {
  ExposedExemplar& exemplar = exemplars->emplace_back();
  std::vector<Label> labels;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kBytes)) {
      if (!ReadLabel(reader.Bytes(), &labels.emplace_back())) return Malformed();
      if (!IsValidUtf8(labels.back().name) || !IsValidUtf8(labels.back().value)) {
        return absl::InvalidArgumentError("an exemplar is not UTF-8");
      }
    } else if (reader.Is(2, WireType::kFixed64)) {
      exemplar.value = reader.Double();
    } else if (reader.Is(3, WireType::kBytes)) {
      if (!ReadTime(reader.Bytes(), &exemplar.time_ms)) return Malformed();
    } else {
      reader.Skip();
    }
  }
  exemplar.labels = storage::Labels(std::move(labels));
  return reader.ok() ? absl::OkStatus() : Malformed();
}

absl::Status ReadClientHistogram(std::string_view bytes, ClientHistogram* read) {
  WireCounts counts;
  WireReader reader(bytes);
  while (reader.NextField()) VIGIL_RETURN_IF_ERROR(ReadField(&reader, &counts, read));
  if (!reader.ok()) return Malformed();
  storage::Histogram& histogram = read->histogram;
  const bool is_float = counts.IsFloat();
  histogram.count = is_float ? counts.count_float : static_cast<double>(counts.count);
  histogram.zero_count = is_float ? counts.zero_float : static_cast<double>(counts.zero);
  read->is_native = !histogram.positive_spans.empty() || !histogram.negative_spans.empty() ||
                    histogram.zero_threshold > 0 || histogram.zero_count > 0;
  if (!read->is_native) return absl::OkStatus();
  histogram.positive_counts =
      is_float ? std::move(counts.positive_counts) : BucketCounts(counts.positive_deltas);
  histogram.negative_counts =
      is_float ? std::move(counts.negative_counts) : BucketCounts(counts.negative_deltas);
  // The messages have no bounds for custom buckets.
  const std::string fault = counts.schema == storage::kCustomBucketsSchema
                                ? "its schema is for custom buckets"
                                : HistogramFault(histogram, counts.schema, is_float);
  if (!fault.empty()) {
    return absl::InvalidArgumentError(fmt::format("a native histogram is wrong: {}", fault));
  }
  histogram.schema = static_cast<int8_t>(counts.schema);
  return absl::OkStatus();
}

}  // namespace vigil::collector
