// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_write/series_writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/metrics.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

using storage::Label;
using storage::SeriesRef;

// OpenMetrics' limit on the characters of an exemplar's labels, names and values.
constexpr ptrdiff_t kMaxExemplarCharacters = 128;

ptrdiff_t Characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

bool MayBeKept(const storage::Labels& labels) {
  ptrdiff_t characters = 0;
  for (const storage::LabelView& label : labels) {
    if (label.name.empty() || !IsValidUtf8(label.name) || !IsValidUtf8(label.value)) return false;
    characters += Characters(label.name) + Characters(label.value);
  }
  return characters <= kMaxExemplarCharacters;
}

}  // namespace

std::string SeriesText(const std::vector<Label>& labels) {
  return ReplaceInvalidUtf8(storage::Labels(labels).ToString().substr(0, kShownSeriesBytes));
}

std::string NamesFault(const std::vector<Label>& labels) {
  std::vector<std::string_view> names;
  names.reserve(labels.size());
  for (const Label& label : labels) names.push_back(label.name);
  std::sort(names.begin(), names.end());
  if (!names.empty() && names.front().empty()) {
    return fmt::format("series {} has a label without a name", SeriesText(labels));
  }
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return "";
  return fmt::format("series {} has label {} twice", SeriesText(labels),
                     ReplaceInvalidUtf8(twice->substr(0, kShownSeriesBytes)));
}

SeriesWriter::SeriesWriter(storage::Storage* storage, storage::TenantId tenant, MetricCache* cache,
                           uint64_t seed, storage::MetricBatch* batch)
    : storage_(*storage),
      tenant_(tenant),
      time_rules_(storage->CurrentTimeRules()),
      seed_(seed ^ static_cast<uint32_t>(tenant)),
      cache_(*cache),
      batch_(*batch) {
  batch_.Clear();
}

bool SeriesWriter::ReadHistogram(std::string_view bytes) {
  NativeHistogram histogram;
  if (!ReadNativeHistogram(bytes, &histogram)) return false;
  ++samples_;
  if (!histogram.fault.empty()) {
    faults_.push_back(std::move(histogram.fault));
  } else if (!time_rules_.Admits(histogram.time_ms)) {
    rejections_.Add(1, time_rules_.Reason(histogram.time_ms));
  } else {
    histograms_.push_back(std::move(histogram));
  }
  return true;
}

void SeriesWriter::RefuseFaulty(std::string_view series_text) {
  for (const std::string& fault : faults_) {
    rejections_.Add(1, fmt::format("a histogram of series {}: {}", series_text, fault));
  }
}

void SeriesWriter::OpenLane(const PointKey& lane) {
  cursor_.reset();
  lane_ = cache_.LaneOf(lane, time_rules_.now_ms);
  cursor_.emplace(lane_.get(), MetricCache::MinuteOf(time_rules_.now_ms));
}

std::optional<SeriesRef> SeriesWriter::Create(const PointKey& key, const storage::Labels& labels) {
  const absl::StatusOr<SeriesRef> made = storage_.GetOrCreateSeries(tenant_, labels, {});
  if (made.ok()) {
    cursor_->Insert(key, {*made, nullptr});
    return *made;
  }
  Refuse(MessageOf(made.status()));
  return std::nullopt;
}

void SeriesWriter::TakeExemplar(SeriesRef ref, storage::Exemplar exemplar) {
  if (!time_rules_.Admits(exemplar.time_ms) || !MayBeKept(exemplar.labels)) {
    return CountRefusedExemplar();
  }
  batch_.exemplars.push_back({ref, std::move(exemplar)});
}

void SeriesWriter::CountRefusedExemplar() {
  static Counter& refused = GetCounter(
      "vigil_remote_write_exemplars_refused_total",
      "Exemplars of remote writes that cannot be kept: of an unknown series, with too long labels "
      "or of a time that is not taken.");
  refused.Add();
}

}  // namespace vigil::collector
