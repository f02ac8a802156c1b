// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_write/write_walk.h"

#include "collector/otlp/wire.h"
#include "collector/remote_write/label_wire.h"

namespace vigil::collector {
namespace {

using storage::Label;
using storage::LabelView;
using storage::SeriesRef;

// How the messages of those labels begin: field 1, length, name.
constexpr std::string_view kJobName = "\x0a\x03job";
constexpr std::string_view kInstanceName = "\x0a\x08instance";

// The label fields as they should be: sorted by name, each once, no value empty. False if they are
// not, or malformed.
bool ReadSortedLabels(std::string_view fields, std::vector<LabelView>* labels) {
  labels->clear();
  std::string_view previous;
  WireReader reader(fields);
  while (reader.NextField()) {
    LabelView label;
    if (!ReadLabel(reader.Bytes(), &label) || label.value.empty() || label.name <= previous) {
      return false;
    }
    previous = label.name;
    labels->push_back(label);
  }
  return reader.ok();
}

// False when the message is malformed.
bool ReadExemplar(std::string_view bytes, storage::Exemplar* exemplar) {
  std::vector<Label> labels;
  bool fine = true;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kBytes)) {
      fine &= ReadLabel(reader.Bytes(), &labels.emplace_back());
    } else if (reader.Is(2, WireType::kFixed64)) {
      exemplar->value = reader.Double();
    } else if (reader.Is(3, WireType::kVarint)) {
      exemplar->time_ms = static_cast<int64_t>(reader.Varint());
    } else {
      reader.Skip();
    }
  }
  exemplar->labels = storage::Labels(std::move(labels));
  return fine && reader.ok();
}

}  // namespace

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
  writer_.Finish();
  if (reader.ok() && !malformed_) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the body is not a valid prometheus.WriteRequest: its protobuf encoding is broken or cut "
      "short");
}

void WriteWalk::WalkSeries(std::string_view series) {
  labels_ = job_ = instance_ = {};
  exemplars_.clear();
  writer_.StartSeries();
  malformed_ |= !ReadSeries(series);
  if (malformed_) return;
  if (writer_.HasFaulty()) {
    const std::optional<std::vector<Label>> labels = ParseLabels();
    writer_.RefuseFaulty(labels.has_value() ? SeriesText(*labels) : "");
  }
  if (!writer_.HasSamples() && exemplars_.empty()) {
    malformed_ |= !ParseLabels().has_value();
    return;
  }
  if (!writer_.HasLane() || job_ != lane_job_ || instance_ != lane_instance_) OpenLane();
  const PointKey key = HashBytes(labels_, writer_.seed());
  std::optional<SeriesRef> ref = writer_.Find(key);
  if (!ref.has_value() && writer_.HasSamples()) ref = MakeSeries(key);
  if (!ref.has_value()) {
    // Senders send exemplars behind a sample of their series: the others are of none.
    malformed_ |= !ParseLabels().has_value();
    for (size_t i = 0; i < exemplars_.size(); ++i) SeriesWriter::CountRefusedExemplar();
    return;
  }
  writer_.Take(*ref);
  for (const std::string_view message : exemplars_) {
    storage::Exemplar exemplar;
    ReadExemplar(message, &exemplar);
    writer_.TakeExemplar(*ref, std::move(exemplar));
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
      if (!writer_.ReadFloat(message)) return false;
    } else if (field == 3) {
      storage::Exemplar exemplar;
      if (!ReadExemplar(message, &exemplar)) return false;
      exemplars_.push_back(message);
    } else if (field == 4) {
      if (!writer_.ReadHistogram(message)) return false;
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
  const uint64_t seed = writer_.seed();
  writer_.OpenLane(CombineKeys(HashBytes(job_, seed), HashBytes(instance_, seed), 0, seed));
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

std::optional<SeriesRef> WriteWalk::MakeSeries(const PointKey& key) {
  if (ReadSortedLabels(labels_, &sorted_)) {
    return writer_.Create(key, storage::Labels::FromSorted(sorted_));
  }
  std::optional<std::vector<Label>> labels = ParseLabels();
  if (!labels.has_value()) {
    malformed_ = true;
    return std::nullopt;
  }
  if (const std::string fault = NamesFault(*labels); !fault.empty()) {
    writer_.Refuse(fault);
    return std::nullopt;
  }
  return writer_.Create(key, storage::Labels(*std::move(labels)));
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
