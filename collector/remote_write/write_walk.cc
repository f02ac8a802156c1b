// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_write/write_walk.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/series/labels.h"

namespace vigil::collector {
namespace {

using storage::Label;
using storage::LabelView;
using storage::SeriesRef;

// How the messages of those labels begin: field 1, length, name.
constexpr std::string_view kJobName = "\x0a\x03job";
constexpr std::string_view kInstanceName = "\x0a\x08instance";

// Of a series that is named in a message, what is shown.
constexpr size_t kShownBytes = 256;

bool ReadLabel(std::string_view bytes, Label* label) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kBytes)) {
      label->name = reader.Bytes();
    } else if (reader.Is(2, WireType::kBytes)) {
      label->value = reader.Bytes();
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

// The label fields as they should be: sorted by name, each once, no value empty. False if they are
// not, or malformed.
bool ReadSortedLabels(std::string_view fields, std::vector<LabelView>* labels) {
  labels->clear();
  std::string_view previous;
  WireReader reader(fields);
  while (reader.NextField()) {
    LabelView label;
    WireReader message(reader.Bytes());
    while (message.NextField()) {
      if (message.Is(1, WireType::kBytes)) {
        label.name = message.Bytes();
      } else if (message.Is(2, WireType::kBytes)) {
        label.value = message.Bytes();
      } else {
        message.Skip();
      }
    }
    if (!message.ok() || label.value.empty() || label.name <= previous) return false;
    previous = label.name;
    labels->push_back(label);
  }
  return reader.ok();
}

// Exemplars are not kept yet, but a request in which one is broken is broken.
bool CheckExemplar(std::string_view bytes) {
  bool labels_fine = true;
  Label label;
  const bool fine = ForEachMessage(
      bytes, 1, [&](std::string_view message) { labels_fine &= ReadLabel(message, &label); });
  return fine && labels_fine;
}

std::string SeriesText(const std::vector<Label>& labels) {
  std::string text = ReplaceInvalidUtf8(storage::Labels(labels).ToString().substr(0, kShownBytes));
  return text;
}

// What is wrong with the names of `labels` apart from what the store refuses, "" if nothing.
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
                     ReplaceInvalidUtf8(twice->substr(0, kShownBytes)));
}

}  // namespace

WriteWalk::WriteWalk(storage::Storage* storage, storage::TenantId tenant, MetricCache* cache,
                     uint64_t seed, storage::MetricBatch* batch)
    : storage_(*storage),
      tenant_(tenant),
      time_rules_(storage->CurrentTimeRules()),
      seed_(seed ^ static_cast<uint32_t>(tenant)),
      cache_(*cache),
      batch_(*batch) {
  batch_.Clear();
}

absl::Status WriteWalk::Walk(std::string_view request) {
  WireReader reader(request);
  while (reader.NextField()) {
    const uint32_t field = reader.field();
    if (reader.type() != WireType::kBytes || (field != 1 && field != 3)) {
      reader.Skip();
      continue;
    }
    const std::string_view message = reader.Bytes();
    if (!reader.ok()) break;
    field == 1 ? WalkSeries(message) : WalkMetadata(message);
  }
  cursor_.reset();
  if (reader.ok() && !malformed_) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the body is not a valid prometheus.WriteRequest: its protobuf encoding is broken or cut "
      "short");
}

void WriteWalk::WalkSeries(std::string_view series) {
  labels_ = job_ = instance_ = {};
  floats_.clear();
  histograms_.clear();
  malformed_ |= !ReadSeries(series);
  if (malformed_) return;
  if (floats_.empty() && histograms_.empty()) {
    malformed_ |= !ParseLabels().has_value();
    return;
  }
  const std::optional<SeriesRef> ref = FindSeries();
  if (!ref.has_value()) return;
  for (const Sample& sample : floats_) batch_.Add(*ref, sample.time_ms, sample.value);
  for (NativeHistogram& histogram : histograms_) {
    batch_.histograms.push_back(
        {*ref, histogram.time_ms,
         std::make_shared<const storage::Histogram>(std::move(histogram.histogram))});
  }
}

bool WriteWalk::ReadSeries(std::string_view series) {
  WireReader reader(series);
  while (reader.NextField()) {
    if (reader.type() != WireType::kBytes) {
      reader.Skip();
      continue;
    }
    const uint32_t field = reader.field();
    const char* const begin = reader.field_begin();
    const std::string_view message = reader.Bytes();
    if (!reader.ok()) return false;
    if (field == 1) {
      AddLabelField(begin, reader.at());
      NoteTarget(message);
    } else if (field == 2) {
      if (!ReadSample(message)) return false;
    } else if (field == 3) {
      if (!CheckExemplar(message)) return false;
    } else if (field == 4) {
      if (!ReadHistogram(message)) return false;
    }
  }
  return reader.ok();
}

void WriteWalk::AddLabelField(const char* begin, const char* end) {
  if (labels_.empty()) {
    labels_ = {begin, static_cast<size_t>(end - begin)};
  } else if (labels_.data() + labels_.size() == begin) {
    labels_ = {labels_.data(), static_cast<size_t>(end - labels_.data())};
  } else {
    if (labels_.data() != scattered_.data()) scattered_ = labels_;
    scattered_.append(begin, end);
    labels_ = scattered_;
  }
}

// Series of one target come one after another, scrape for scrape, and in the same order.
void WriteWalk::NoteTarget(std::string_view label) {
  if (label.starts_with(kJobName)) {
    job_ = label;
  } else if (label.starts_with(kInstanceName)) {
    instance_ = label;
  }
}

void WriteWalk::OpenLane() {
  lane_job_ = job_;
  lane_instance_ = instance_;
  cursor_.reset();
  lane_ = cache_.LaneOf(CombineKeys(HashBytes(job_, seed_), HashBytes(instance_, seed_), 0, seed_),
                        time_rules_.now_ms);
  cursor_.emplace(lane_.get(), MetricCache::MinuteOf(time_rules_.now_ms));
}

bool WriteWalk::ReadSample(std::string_view bytes) {
  Sample sample;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kFixed64)) {
      sample.value = reader.Double();
    } else if (reader.Is(2, WireType::kVarint)) {
      sample.time_ms = static_cast<int64_t>(reader.Varint());
    } else {
      reader.Skip();
    }
  }
  ++samples_;
  if (time_rules_.Admits(sample.time_ms)) {
    floats_.push_back(sample);
  } else {
    rejections_.Add(1, time_rules_.Reason(sample.time_ms));
  }
  return reader.ok();
}

bool WriteWalk::ReadHistogram(std::string_view bytes) {
  NativeHistogram histogram;
  if (!ReadNativeHistogram(bytes, &histogram)) return false;
  ++samples_;
  if (!histogram.fault.empty()) {
    const std::optional<std::vector<Label>> labels = ParseLabels();
    rejections_.Add(1, fmt::format("a histogram of series {}: {}",
                                   labels.has_value() ? SeriesText(*labels) : "", histogram.fault));
  } else if (!time_rules_.Admits(histogram.time_ms)) {
    rejections_.Add(1, time_rules_.Reason(histogram.time_ms));
  } else {
    histograms_.push_back(std::move(histogram));
  }
  return true;
}

void WriteWalk::WalkMetadata(std::string_view message) {
  std::string_view name;
  storage::MetricMetadata metadata;
  WireReader reader(message);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kVarint)) {
      const auto type = static_cast<uint32_t>(reader.Varint());
      const bool known = type <= static_cast<uint32_t>(storage::MetricType::kStateSet);
      metadata.type =
          known ? static_cast<storage::MetricType>(type) : storage::MetricType::kUnknown;
    } else if (reader.Is(2, WireType::kBytes)) {
      name = reader.Bytes();
    } else if (reader.Is(4, WireType::kBytes)) {
      metadata.help = reader.Bytes();
    } else if (reader.Is(5, WireType::kBytes)) {
      metadata.unit = reader.Bytes();
    } else {
      reader.Skip();
    }
  }
  malformed_ |= !reader.ok();
  if (!malformed_ && !name.empty()) metadata_.emplace_back(name, std::move(metadata));
}

std::optional<SeriesRef> WriteWalk::FindSeries() {
  if (!cursor_.has_value() || job_ != lane_job_ || instance_ != lane_instance_) OpenLane();
  const PointKey key = HashBytes(labels_, seed_);
  if (const std::optional<PointLane::Found> known = cursor_->Find(key); known.has_value()) {
    return known->first;
  }
  const absl::StatusOr<SeriesRef> resolved = Resolve();
  if (resolved.ok()) {
    cursor_->Insert(key, {*resolved, nullptr});
    return *resolved;
  }
  if (!malformed_) {
    rejections_.Add(static_cast<int64_t>(floats_.size() + histograms_.size()),
                    MessageOf(resolved.status()));
  }
  return std::nullopt;
}

absl::StatusOr<SeriesRef> WriteWalk::Resolve() {
  if (ReadSortedLabels(labels_, &sorted_)) {
    return storage_.GetOrCreateSeries(tenant_, storage::Labels::FromSorted(sorted_), {});
  }
  std::optional<std::vector<Label>> labels = ParseLabels();
  if (!labels.has_value()) {
    malformed_ = true;
    return absl::InvalidArgumentError("the labels are malformed");
  }
  if (std::string fault = NamesFault(*labels); !fault.empty()) {
    return absl::InvalidArgumentError(fault);
  }
  return storage_.GetOrCreateSeries(tenant_, storage::Labels(*std::move(labels)), {});
}

std::optional<std::vector<Label>> WriteWalk::ParseLabels() const {
  std::vector<Label> labels;
  WireReader reader(labels_);
  while (reader.NextField()) {
    Label& label = labels.emplace_back();
    if (!ReadLabel(reader.Bytes(), &label)) return std::nullopt;
  }
  return labels;
}

}  // namespace vigil::collector
