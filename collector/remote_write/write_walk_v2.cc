// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_write/write_walk_v2.h"

#include <algorithm>

#include <fmt/format.h>

#include "collector/otlp/wire.h"

namespace vigil::collector {
namespace {

using storage::Label;
using storage::LabelView;
using storage::MetricType;
using storage::SeriesRef;

// A repeated uint32, packed or not.
bool ReadRefs(WireReader* reader, std::vector<uint32_t>* refs) {
  if (reader->type() == WireType::kVarint) {
    refs->push_back(static_cast<uint32_t>(reader->Varint()));
  } else if (reader->type() == WireType::kBytes) {
    WireReader packed(reader->Bytes());
    while (packed.ok() && !packed.AtEnd()) {
      refs->push_back(static_cast<uint32_t>(packed.Varint()));
    }
    if (!packed.ok()) return false;
  } else {
    reader->Skip();
  }
  return reader->ok();
}

bool RemoveSuffix(std::string_view suffix, std::string_view* name) {
  if (name->size() <= suffix.size() || !name->ends_with(suffix)) return false;
  name->remove_suffix(suffix.size());
  return true;
}

// The name of the family that a series of that name and type belongs to.
std::string_view FamilyOf(std::string_view name, MetricType type) {
  const bool histogram = type == MetricType::kHistogram || type == MetricType::kGaugeHistogram;
  if (histogram && RemoveSuffix("_bucket", &name)) return name;
  if (histogram || type == MetricType::kSummary) {
    if (!RemoveSuffix("_count", &name)) RemoveSuffix("_sum", &name);
  }
  return name;
}

}  // namespace

absl::Status WriteWalkV2::Walk(std::string_view request) {
  if (!ReadSymbols(request)) {
    malformed_ = true;
  } else if (!symbols_.empty() && !symbols_.front().empty()) {
    return absl::InvalidArgumentError(
        "the symbols of an io.prometheus.write.v2.Request begin with an empty text; these do not");
  }
  WireReader reader(request);
  while (!malformed_ && reader.NextField()) {
    if (reader.Is(5, WireType::kBytes)) {
      WalkSeries(reader.Bytes());
    } else {
      reader.Skip();
    }
  }
  writer_.Finish();
  if (malformed_) {
    return absl::InvalidArgumentError(
        "the body is not a valid io.prometheus.write.v2.Request: its protobuf encoding is broken "
        "or cut short");
  }
  MakeMetadata();
  return absl::OkStatus();
}

bool WriteWalkV2::ReadSymbols(std::string_view request) {
  WireReader reader(request);
  while (reader.NextField()) {
    if (!reader.Is(4, WireType::kBytes)) {
      reader.Skip();
      continue;
    }
    const std::string_view symbol = reader.Bytes();
    symbols_.push_back(symbol);
    keys_.push_back(HashBytes(symbol, writer_.seed()));
    roles_.push_back(symbol == storage::kMetricName ? Role::kMetricName
                     : symbol == "job"              ? Role::kJob
                     : symbol == "instance"         ? Role::kInstance
                                                    : Role::kOther);
  }
  return reader.ok();
}

void WriteWalkV2::WalkSeries(std::string_view series) {
  refs_.clear();
  exemplars_.clear();
  series_metadata_ = {};
  writer_.StartSeries();
  const int64_t samples_before = writer_.samples();
  if (!ReadSeries(series)) {
    malformed_ = true;
    return;
  }
  if (const std::string fault = RefsFault(); !fault.empty()) {
    writer_.RefuseFaulty("");
    return RefuseSeries(fault);
  }
  if (writer_.HasFaulty()) writer_.RefuseFaulty(SeriesText(LabelsOf(refs_)));
  const bool has_samples = writer_.HasSamples();
  if (writer_.samples() == samples_before && exemplars_.empty()) {
    return RefuseSeries(
        fmt::format("series {} has neither samples nor histograms", SeriesText(LabelsOf(refs_))));
  }
  if (!has_samples && exemplars_.empty()) return;  // All were refused.
  const PointKey key = KeyOfSeries();
  std::optional<SeriesRef> ref = writer_.Find(key);
  if (!ref.has_value() && has_samples) ref = MakeSeries(key);
  if (!ref.has_value()) {
    for (size_t i = 0; i < exemplars_.size(); ++i) SeriesWriter::CountRefusedExemplar();
    return;
  }
  writer_.Take(*ref);
  TakeExemplars(*ref);
  NoteMetadata();
}

bool WriteWalkV2::ReadSeries(std::string_view series) {
  WireReader reader(series);
  while (reader.NextField()) {
    if (reader.field() == 1) {
      if (!ReadRefs(&reader, &refs_)) return false;
      continue;
    }
    if (reader.type() != WireType::kBytes) {
      reader.Skip();
      continue;
    }
    const uint32_t field = reader.field();
    const std::string_view message = reader.Bytes();
    if (!reader.ok()) return false;
    const bool fine = field == 2   ? writer_.ReadFloat(message)
                      : field == 3 ? writer_.ReadHistogram(message)
                      : field == 4 ? ReadExemplar(message)
                      : field == 5 ? ReadMetadata(message)
                                   : true;
    if (!fine) return false;
  }
  return reader.ok();
}

bool WriteWalkV2::ReadExemplar(std::string_view bytes) {
  Exemplar& exemplar = exemplars_.emplace_back();
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.field() == 1) {
      if (!ReadRefs(&reader, &exemplar.refs)) return false;
    } else if (reader.Is(2, WireType::kFixed64)) {
      exemplar.value = reader.Double();
    } else if (reader.Is(3, WireType::kVarint)) {
      exemplar.time_ms = static_cast<int64_t>(reader.Varint());
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

bool WriteWalkV2::ReadMetadata(std::string_view bytes) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kVarint)) {
      series_metadata_.type = static_cast<uint32_t>(reader.Varint());
    } else if (reader.Is(3, WireType::kVarint)) {
      series_metadata_.help = static_cast<uint32_t>(reader.Varint());
    } else if (reader.Is(4, WireType::kVarint)) {
      series_metadata_.unit = static_cast<uint32_t>(reader.Varint());
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

std::string WriteWalkV2::RefsFault() const {
  if (refs_.size() % 2 != 0) return "a series has a label without a value: an odd number of refs";
  for (const uint32_t ref : refs_) {
    if (ref >= symbols_.size()) {
      return fmt::format("a series names symbol {}, there are {}", ref, symbols_.size());
    }
  }
  return "";
}

PointKey WriteWalkV2::KeyOfSeries() {
  series_keys_.clear();
  name_ = job_ = instance_ = 0;
  for (size_t i = 0; i < refs_.size(); ++i) {
    series_keys_.push_back(keys_[refs_[i]]);
    if (i % 2 != 0) continue;
    const Role role = roles_[refs_[i]];
    if (role == Role::kMetricName) name_ = refs_[i + 1];
    if (role == Role::kJob) job_ = refs_[i + 1];
    if (role == Role::kInstance) instance_ = refs_[i + 1];
  }
  if (!writer_.HasLane() || job_ != lane_job_ || instance_ != lane_instance_) {
    lane_job_ = job_;
    lane_instance_ = instance_;
    // Without any symbol there is neither.
    const auto key_of = [this](uint32_t ref) { return ref == 0 ? PointKey() : keys_[ref]; };
    writer_.OpenLane(CombineKeys(key_of(job_), key_of(instance_), 0, writer_.seed()));
  }
  return HashBytes(
      {reinterpret_cast<const char*>(series_keys_.data()), series_keys_.size() * sizeof(PointKey)},
      writer_.seed());
}

std::optional<SeriesRef> WriteWalkV2::MakeSeries(const PointKey& key) {
  sorted_.clear();
  bool sorted = true;
  for (size_t i = 0; i < refs_.size(); i += 2) {
    const LabelView label{symbols_[refs_[i]], symbols_[refs_[i + 1]]};
    if (label.value.empty()) {
      writer_.Refuse(
          fmt::format("series {} has a label without a value", SeriesText(LabelsOf(refs_))));
      return std::nullopt;
    }
    sorted &= sorted_.empty() ? !label.name.empty() : label.name > sorted_.back().name;
    sorted_.push_back(label);
  }
  if (sorted) return writer_.Create(key, storage::Labels::FromSorted(sorted_));
  std::vector<Label> labels = LabelsOf(refs_);
  if (const std::string fault = NamesFault(labels); !fault.empty()) {
    writer_.Refuse(fault);
    return std::nullopt;
  }
  return writer_.Create(key, storage::Labels(std::move(labels)));
}

void WriteWalkV2::TakeExemplars(SeriesRef ref) {
  for (const Exemplar& wire : exemplars_) {
    const bool known = std::all_of(wire.refs.begin(), wire.refs.end(),
                                   [this](uint32_t symbol) { return symbol < symbols_.size(); });
    if (wire.refs.size() % 2 != 0 || !known) {
      SeriesWriter::CountRefusedExemplar();
      continue;
    }
    writer_.TakeExemplar(ref, {wire.time_ms, wire.value, storage::Labels(LabelsOf(wire.refs))});
  }
}

void WriteWalkV2::NoteMetadata() {
  if (name_ != 0 && series_metadata_ != Metadata()) by_name_[name_] = series_metadata_;
}

void WriteWalkV2::MakeMetadata() {
  const auto text = [this](uint32_t ref) {
    return ref < symbols_.size() ? std::string(symbols_[ref]) : std::string();
  };
  for (const auto& [name, wire] : by_name_) {
    storage::MetricMetadata metadata;
    if (wire.type <= static_cast<uint32_t>(MetricType::kStateSet)) {
      metadata.type = static_cast<MetricType>(wire.type);
    }
    metadata.help = text(wire.help);
    metadata.unit = text(wire.unit);
    metadata_.emplace_back(FamilyOf(symbols_[name], metadata.type), std::move(metadata));
  }
}

std::vector<Label> WriteWalkV2::LabelsOf(const std::vector<uint32_t>& refs) const {
  std::vector<Label> labels;
  for (size_t i = 0; i + 1 < refs.size(); i += 2) {
    labels.push_back({std::string(symbols_[refs[i]]), std::string(symbols_[refs[i + 1]])});
  }
  return labels;
}

void WriteWalkV2::RefuseSeries(std::string_view reason) {
  // At least one, so that the sender is told of a series without any.
  if (writer_.HasSamples()) {
    writer_.Refuse(reason);
  } else {
    writer_.rejections().Add(1, reason);
  }
}

}  // namespace vigil::collector
