// SPDX-License-Identifier: Apache-2.0
//
// The envelopes: request -> resources -> scopes -> metrics. The points are in metrics_points.cc.
#include "collector/otlp/metrics_walk.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/otlp/wire.h"

namespace vigil::collector {
namespace {

bool IsDataField(uint32_t field) { return field == 5 || field == 7 || (field >= 9 && field <= 11); }

// Appends the attributes in field `field` of the message `bytes`, which is a `what`.
absl::Status ParseAttributes(std::string_view bytes, uint32_t field, std::string_view what,
                             storage::Attributes* attributes) {
  absl::Status first;
  const bool well_formed = ForEachMessage(bytes, field, [&](std::string_view attribute) {
    absl::StatusOr<storage::Attribute> parsed = ParseAttribute(attribute);
    if (parsed.ok()) {
      attributes->push_back(*std::move(parsed));
    } else if (first.ok()) {
      first = Annotate(parsed.status(), what);
    }
  });
  if (!well_formed) return absl::InvalidArgumentError(fmt::format("the {} is malformed", what));
  return first;
}

}  // namespace

void ByteRuns::Add(const char* begin, const char* end) {
  if (!runs_.empty() && runs_.back().data() + runs_.back().size() == begin) {
    runs_.back() = {runs_.back().data(), static_cast<size_t>(end - runs_.back().data())};
  } else {
    runs_.push_back({begin, static_cast<size_t>(end - begin)});
  }
}

PointKey ByteRuns::Hash(const PointKey& context, uint64_t seed) const {
  PointKey key = context;
  for (const std::string_view run : runs_) {
    // The first run is nearly always the only one.
    if (runs_.size() == 1) return HashBelow(context, run, seed);
    key = CombineKeys(key, HashBytes(run, seed), run.size(), seed);
  }
  return key;
}

MetricsWalk::MetricsWalk(storage::Storage* storage, storage::TenantId tenant,
                         const OtlpOptions* options, MetricCache* cache, uint64_t seed,
                         storage::MetricBatch* batch)
    : options_(*options),
      time_rules_(storage->CurrentTimeRules()),
      seed_(seed ^ static_cast<uint32_t>(tenant)),
      cache_(*cache),
      resolver_(storage, tenant, options),
      batch_(*batch) {
  batch_.Clear();
}

absl::Status MetricsWalk::Walk(BytePieces request, JoinedBytes* joined) {
  const bool well_formed = ForEachMessage(
      PieceReader(request, joined), 1,
      [this](const PieceReader& resource_metrics) { WalkResource(resource_metrics); });
  if (well_formed && !malformed_) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the request is not a valid ExportMetricsServiceRequest: its protobuf encoding is broken or "
      "cut short");
}

void MetricsWalk::WalkResource(const PieceReader& resource_metrics) {
  resource_bytes_.clear();
  scope_bytes_.clear();
  origin_.reset();
  earliest_ms_ = latest_ms_ = 0;
  admitted_ns_ = 0;
  resource_key_ = {};
  malformed_ |= !ForEachJoined(resource_metrics, 1, [this](std::string_view resource) {
    resource_bytes_.push_back(resource);
    resource_key_ = CombineKeys(resource_key_, HashBytes(resource, seed_), 0, seed_);
  });
  lane_ = cache_.LaneOf(resource_key_, time_rules_.now_ms);
  cursor_.emplace(lane_.get(), MetricCache::MinuteOf(time_rules_.now_ms));
  malformed_ |= !ForEachMessage(
      resource_metrics, 2, [this](const PieceReader& scope_metrics) { WalkScope(scope_metrics); });
  if (latest_ms_ != 0) TakeTargetInfo();
  cursor_.reset();
}

void MetricsWalk::WalkScope(const PieceReader& scope_metrics) {
  origin_key_ = resource_key_;
  if (options_.promote_scope_metadata) ReadScope(scope_metrics);
  malformed_ |=
      !ForEachJoined(scope_metrics, 2, [this](std::string_view metric) { WalkMetric(metric); });
}

void MetricsWalk::ReadScope(PieceReader reader) {
  scope_bytes_.clear();
  scope_schema_url_ = {};
  origin_.reset();
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kBytes)) {
      scope_bytes_.push_back(reader.Bytes());
      origin_key_ = CombineKeys(origin_key_, HashBytes(scope_bytes_.back(), seed_), 1, seed_);
    } else if (reader.Is(3, WireType::kBytes)) {
      scope_schema_url_ = reader.Bytes();
    } else {
      reader.Skip();
    }
  }
  malformed_ |= !reader.ok();
  origin_key_ = CombineKeys(origin_key_, HashBytes(scope_schema_url_, seed_), 2, seed_);
}

void MetricsWalk::WalkMetric(std::string_view metric) {
  metric_ = {};
  data_.clear();
  WireReader reader(metric);
  while (reader.NextField()) {
    if (reader.type() != WireType::kBytes) {
      reader.Skip();
      continue;
    }
    const uint32_t field = reader.field();
    const std::string_view bytes = reader.Bytes();
    if (field == 1) metric_.name = bytes;
    if (field == 2) metric_.description = bytes;
    if (field == 3) metric_.unit = bytes;
    if (IsDataField(field)) AddData(static_cast<DataKind>(field), bytes);
  }
  malformed_ |= !reader.ok();
  if (malformed_) return;
  if (data_.empty()) {
    rejections_.Add(1, fmt::format("metric \"{}\" has no data", ReplaceInvalidUtf8(metric_.name)));
    return;
  }
  if (GuessTrailer()) {
    SetMetricKey();
    if (WalkPointsGuessed()) return;
  }
  if (const std::string fault = TemporalityFault(); !fault.empty()) {
    const int64_t refused = CheckPoints();
    points_ += refused;
    rejections_.Add(refused, fault);
    return;
  }
  SetMetricKey();
  WalkPoints();
}

void MetricsWalk::SetMetricKey() {
  metric_key_ = CombineKeys(HashBytes(metric_.name, seed_), HashBytes(metric_.unit, seed_),
                            static_cast<uint64_t>(metric_.kind) * 2 + metric_.monotonic, seed_);
  metric_key_ = CombineKeys(origin_key_, metric_key_, 0, seed_);
}

void MetricsWalk::AddData(DataKind kind, std::string_view bytes) {
  // `data` is a oneof: pieces of one member are merged, another member replaces them.
  if (!data_.empty() && kind != metric_.kind) {
    CheckPoints();
    data_.clear();
  }
  metric_.kind = kind;
  data_.push_back(bytes);
}

bool MetricsWalk::GuessTrailer() {
  if (!HasTemporality()) return true;
  if (data_.size() != 1) return false;
  // What is written behind the points: temporality 2 and, of a sum that only rises, monotonic 1.
  constexpr std::string_view kCumulativeTrailer = "\x10\x02";
  constexpr std::string_view kMonotonicTrailer = "\x10\x02\x18\x01";
  metric_.monotonic = data_[0].ends_with(kMonotonicTrailer);
  return metric_.monotonic || data_[0].ends_with(kCumulativeTrailer);
}

std::string MetricsWalk::TemporalityFault() {
  metric_.monotonic = false;
  if (!HasTemporality()) return "";
  uint64_t temporality = 0;
  for (const std::string_view piece : data_) {
    WireReader reader(piece);
    while (reader.NextField()) {
      if (reader.Is(2, WireType::kVarint)) {
        temporality = reader.Varint();
      } else if (reader.Is(3, WireType::kVarint)) {
        metric_.monotonic = reader.Varint() != 0;
      } else {
        reader.Skip();
      }
    }
    malformed_ |= !reader.ok();
  }
  metric_.delta = temporality == kDelta;
  if (temporality == kCumulative || temporality == kDelta) return "";
  return fmt::format("metric \"{}\" has an unspecified temporality: it must be delta or cumulative",
                     ReplaceInvalidUtf8(metric_.name));
}

absl::StatusOr<PointOrigin> MetricsWalk::ParseOrigin() const {
  PointOrigin origin;
  for (const std::string_view bytes : resource_bytes_) {
    VIGIL_RETURN_IF_ERROR(ParseAttributes(bytes, 1, "resource", &origin.resource));
  }
  origin.target = IdentityOf(origin.resource);
  for (const std::string_view bytes : scope_bytes_) {
    VIGIL_RETURN_IF_ERROR(ParseAttributes(bytes, 3, "scope", &origin.scope));
    WireReader reader(bytes);
    while (reader.NextField()) {
      if (reader.Is(1, WireType::kBytes)) {
        origin.scope_name = reader.Bytes();
      } else if (reader.Is(2, WireType::kBytes)) {
        origin.scope_version = reader.Bytes();
      } else {
        reader.Skip();
      }
    }
  }
  origin.scope_schema_url = scope_schema_url_;
  return origin;
}

absl::StatusOr<const PointOrigin*> MetricsWalk::Origin() {
  if (!origin_.has_value()) origin_ = ParseOrigin();
  if (!origin_->ok()) return origin_->status();
  return &**origin_;
}

}  // namespace vigil::collector
