// SPDX-License-Identifier: Apache-2.0
//
// The data points of metrics_walk.h: read, checked, appended.
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
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

// The Buckets message of an exponential histogram: offset, packed varint counts.
bool ReadExponentialBuckets(std::string_view bytes, int32_t* offset, std::vector<double>* counts) {
  // The widest histogram there can be: more would be an attack on memory.
  constexpr size_t kMaxBuckets = 1 << 16;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kVarint)) {
      *offset = ZigZag(reader.Varint());
    } else if (reader.Is(2, WireType::kVarint)) {
      counts->push_back(AsCount(reader.Varint()));
    } else if (reader.Is(2, WireType::kBytes)) {
      const std::string_view packed = reader.Bytes();
      const char* at = packed.data();
      while (at != packed.data() + packed.size()) {
        WireReader counts_reader({at, packed.size() - (at - packed.data())});
        counts->push_back(AsCount(counts_reader.Varint()));
        if (!counts_reader.ok()) return false;
        at = counts_reader.at();
      }
    } else {
      reader.Skip();
    }
    if (counts->size() > kMaxBuckets) return false;
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

// What is wrong with a histogram's buckets, "" if nothing.
std::string_view BucketFault(const std::vector<double>& bounds, const std::vector<double>& counts) {
  const bool no_buckets = bounds.empty() && counts.empty();
  if (!no_buckets && counts.size() != bounds.size() + 1) {
    return "the number of buckets is not that of its bounds plus one";
  }
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (std::isnan(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) {
      return "its bucket bounds do not rise strictly";
    }
  }
  return "";
}

}  // namespace

void MetricsWalk::Point::Clear() {
  time_ns = 0;
  has_value = stale = has_sum = false;
  value = count = sum = 0;
  values.clear();
  bounds.clear();
  exponential.scale = exponential.positive_offset = exponential.negative_offset = 0;
  exponential.zero_count = exponential.zero_threshold = 0;
  exponential.positive_counts.clear();
  exponential.negative_counts.clear();
  attributes.Clear();
}

void MetricsWalk::WalkPoints(std::string_view data) {
  WireReader reader(data);
  while (reader.NextField() && !malformed_) {
    if (!reader.Is(1, WireType::kBytes)) {
      reader.Skip();
      continue;
    }
    const std::string_view bytes = reader.Bytes();
    if (!reader.ok()) break;
    point_.Clear();
    switch (metric_.kind) {
      case DataKind::kGauge:
      case DataKind::kSum:
        ReadNumber(bytes) ? TakeNumber() : void(malformed_ = true);
        break;
      case DataKind::kHistogram:
        ReadHistogram(bytes) ? TakeHistogram() : void(malformed_ = true);
        break;
      case DataKind::kExponential:
        ReadExponential(bytes) ? TakeExponential() : void(malformed_ = true);
        break;
      case DataKind::kSummary:
        ReadSummary(bytes) ? TakeSummary() : void(malformed_ = true);
        break;
    }
  }
  malformed_ |= !reader.ok();
}

bool MetricsWalk::ReadCommonField(WireReader* reader, uint32_t attributes, uint32_t flags) {
  if (reader->Is(attributes, WireType::kBytes)) {
    const char* const begin = reader->field_begin();
    reader->Bytes();
    if (reader->ok()) point_.attributes.Add(begin, reader->at());
  } else if (reader->Is(flags, WireType::kVarint)) {
    point_.stale = (reader->Varint() & kNoRecordedValue) != 0;
  } else if (reader->Is(3, WireType::kFixed64)) {
    point_.time_ns = reader->Fixed64();
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
      ReadCommonField(&reader, 7, 8);
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
      ReadCommonField(&reader, 9, 10);
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
      ReadCommonField(&reader, 1, 10);
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
      ReadCommonField(&reader, 7, 8);
    }
  }
  return reader.ok();
}

std::optional<int64_t> MetricsWalk::TimeMs() {
  if (point_.time_ns == 0) {
    rejections_.Add(1, fmt::format("metric \"{}\" has a point without a time",
                                   ReplaceInvalidUtf8(metric_.name)));
    return std::nullopt;
  }
  const auto time_ms = static_cast<int64_t>(point_.time_ns / kNanosPerMilli);
  if (!time_rules_.Admits(time_ms)) {
    rejections_.Add(1, time_rules_.Reason(time_ms));
    return std::nullopt;
  }
  latest_ms_ = std::max(latest_ms_, time_ms);
  return time_ms;
}

absl::StatusOr<storage::Attributes> MetricsWalk::ParsePointAttributes() const {
  storage::Attributes attributes;
  for (const std::string_view run : point_.attributes.runs()) {
    WireReader reader(run);
    while (reader.NextField()) {
      VIGIL_ASSIGN_OR_RETURN(storage::Attribute attribute, ParseAttribute(reader.Bytes()));
      attributes.push_back(std::move(attribute));
    }
  }
  return attributes;
}

template <typename Resolve>
const PointTarget* MetricsWalk::FindTarget(const PointKey& key, const Resolve& resolve) {
  if (const PointTarget* const known = reader_->Find(key); known != nullptr) return known;
  reader_.reset();  // The cache is about to be written.
  const auto resolved = [&]() -> absl::StatusOr<PointTarget> {
    VIGIL_ASSIGN_OR_RETURN(const ResourceIdentity* const resource, Resource());
    VIGIL_ASSIGN_OR_RETURN(const storage::Attributes attributes, ParsePointAttributes());
    return resolve(*resource, attributes);
  }();
  const PointTarget* target = nullptr;
  if (resolved.ok()) {
    resolved_ = *resolved;
    cache_.Insert(key, resolved_);
    target = &resolved_;
  } else {
    rejections_.Add(1, MessageOf(resolved.status()));
  }
  reader_.emplace(cache_);
  return target;
}

void MetricsWalk::AppendStale(const PointTarget& target, int64_t time_ms) {
  if (target.more == nullptr) return batch_.Add(target.first, time_ms, storage::StaleNan());
  for (const storage::SeriesRef ref : *target.more) batch_.Add(ref, time_ms, storage::StaleNan());
}

void MetricsWalk::TakeNumber() {
  const std::optional<int64_t> time_ms = TimeMs();
  if (!time_ms.has_value()) return;
  if (!point_.has_value && !point_.stale) {
    return rejections_.Add(1, fmt::format("metric \"{}\" has a point without a value",
                                          ReplaceInvalidUtf8(metric_.name)));
  }
  const PointTarget* const target =
      FindTarget(point_.attributes.Hash(metric_key_, seed_),
                 [this](const ResourceIdentity& resource, const storage::Attributes& attributes) {
                   return resolver_.Number(resource, metric_, attributes);
                 });
  if (target == nullptr) return;
  if (point_.stale) return AppendStale(*target, *time_ms);
  batch_.Add(target->first, *time_ms, point_.value);
}

void MetricsWalk::TakeHistogram() {
  const std::optional<int64_t> time_ms = TimeMs();
  if (!time_ms.has_value()) return;
  if (const std::string_view fault = BucketFault(point_.bounds, point_.values); !fault.empty()) {
    return rejections_.Add(
        1, fmt::format("histogram \"{}\": {}", ReplaceInvalidUtf8(metric_.name), fault));
  }
  // Points with other bounds have other series.
  const PointKey key = point_.attributes.Hash(HashBounds(metric_key_, point_.bounds, seed_), seed_);
  const PointTarget* const target = FindTarget(
      key, [this](const ResourceIdentity& resource, const storage::Attributes& attributes) {
        return resolver_.Histogram(resource, metric_, attributes, point_.bounds);
      });
  if (target == nullptr) return;
  if (point_.stale) return AppendStale(*target, *time_ms);
  const std::vector<storage::SeriesRef>& refs = *target->more;
  double below = 0;
  for (size_t i = 0; i < point_.bounds.size(); ++i) {
    below += point_.values[i];
    batch_.Add(refs[i], *time_ms, below);
  }
  batch_.Add(refs[refs.size() - 3], *time_ms, point_.count);
  if (point_.has_sum) batch_.Add(refs[refs.size() - 2], *time_ms, point_.sum);
  batch_.Add(refs[refs.size() - 1], *time_ms, point_.count);
}

void MetricsWalk::TakeExponential() {
  const std::optional<int64_t> time_ms = TimeMs();
  if (!time_ms.has_value()) return;
  point_.exponential.count = point_.count;
  point_.exponential.sum = point_.stale ? storage::StaleNan() : point_.sum;
  absl::StatusOr<storage::Histogram> histogram = ToNativeHistogram(point_.exponential);
  if (!histogram.ok()) {
    return rejections_.Add(1, fmt::format("metric \"{}\": {}", ReplaceInvalidUtf8(metric_.name),
                                          MessageOf(histogram.status())));
  }
  const PointTarget* const target =
      FindTarget(point_.attributes.Hash(metric_key_, seed_),
                 [this](const ResourceIdentity& resource, const storage::Attributes& attributes) {
                   return resolver_.Number(resource, metric_, attributes);
                 });
  if (target == nullptr) return;
  batch_.histograms.push_back(
      {target->first, *time_ms, std::make_shared<const storage::Histogram>(*std::move(histogram))});
}

void MetricsWalk::TakeSummary() {
  const std::optional<int64_t> time_ms = TimeMs();
  if (!time_ms.has_value()) return;
  const PointKey key = point_.attributes.Hash(HashBounds(metric_key_, point_.bounds, seed_), seed_);
  const PointTarget* const target = FindTarget(
      key, [this](const ResourceIdentity& resource, const storage::Attributes& attributes) {
        return resolver_.Summary(resource, metric_, attributes, point_.bounds);
      });
  if (target == nullptr) return;
  if (point_.stale) return AppendStale(*target, *time_ms);
  const std::vector<storage::SeriesRef>& refs = *target->more;
  for (size_t i = 0; i < point_.values.size(); ++i) batch_.Add(refs[i], *time_ms, point_.values[i]);
  batch_.Add(refs[refs.size() - 2], *time_ms, point_.sum);
  batch_.Add(refs[refs.size() - 1], *time_ms, point_.count);
}

void MetricsWalk::TakeTargetInfo() {
  // Any constant that metrics' hashes are not made with.
  constexpr uint64_t kTargetInfo = 0x74617267;
  point_.Clear();
  const int64_t rejected_before = rejections_.count();
  const PointTarget* const target =
      FindTarget(CombineKeys(resource_key_, {}, kTargetInfo, seed_),
                 [this](const ResourceIdentity& resource, const storage::Attributes&) {
                   return resolver_.TargetInfo(resource);
                 });
  // No point of the sender's is lost with it.
  if (target == nullptr) return rejections_.Forget(rejections_.count() - rejected_before);
  if (target->first != storage::SeriesRef{}) batch_.Add(target->first, latest_ms_, 1);
}

}  // namespace vigil::collector
