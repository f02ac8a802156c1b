// SPDX-License-Identifier: Apache-2.0
//
// The exemplars of metrics_walk.h's points. One that is no use costs nothing but itself.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/strings.h"
#include "collector/otlp/attributes.h"
#include "collector/otlp/metrics_walk.h"
#include "storage/model/ids.h"

namespace vigil::collector {
namespace {

constexpr std::string_view kTraceId = "trace_id";
constexpr std::string_view kSpanId = "span_id";
// OpenMetrics' limit on the characters of an exemplar's labels, names and values; beyond it only
// the ids are kept.
constexpr size_t kMaxLabelCharacters = 128;

size_t Characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

void CountRefused() {
  static Counter& refused =
      GetCounter("vigil_otlp_exemplars_refused_total",
                 "OTLP exemplars without a value or with attributes that cannot be read.");
  refused.Add();
}

}  // namespace

bool MetricsWalk::ReadExemplar(std::string_view bytes) {
  WireExemplar exemplar;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(2, WireType::kFixed64)) {
      exemplar.time_ns = reader.Fixed64();
    } else if (reader.Is(3, WireType::kFixed64)) {
      exemplar.value = reader.Double();
      exemplar.has_value = true;
    } else if (reader.Is(6, WireType::kFixed64)) {
      exemplar.value = static_cast<double>(static_cast<int64_t>(reader.Fixed64()));
      exemplar.has_value = true;
    } else if (reader.Is(4, WireType::kBytes)) {
      exemplar.span_id = reader.Bytes();
    } else if (reader.Is(5, WireType::kBytes)) {
      exemplar.trace_id = reader.Bytes();
    } else if (reader.Is(7, WireType::kBytes)) {
      exemplar.attributes.push_back(reader.Bytes());
    } else {
      reader.Skip();
    }
  }
  if (reader.ok()) point_.exemplars.push_back(std::move(exemplar));
  return reader.ok();
}

void MetricsWalk::TakeExemplars(storage::SeriesRef series, int64_t time_ms) {
  // Of gauges there is nothing that an observation would be an example of.
  if (point_.stale || metric_.kind == DataKind::kGauge) return;
  for (const WireExemplar& wire : point_.exemplars) TakeExemplar(wire, series, time_ms);
}

void MetricsWalk::TakeBucketExemplars(const SeriesFamily& series, int64_t time_ms) {
  if (point_.stale) return;
  for (const WireExemplar& wire : point_.exemplars) {
    const auto bound = std::find_if(point_.bounds.begin(), point_.bounds.end(),
                                    [&wire](double upper) { return upper >= wire.value; });
    // Behind the bounds stands the bucket of all.
    TakeExemplar(wire, series[bound - point_.bounds.begin()], time_ms);
  }
}

void MetricsWalk::TakeExemplar(const WireExemplar& wire, storage::SeriesRef series,
                               int64_t time_ms) {
  if (!wire.has_value) return CountRefused();
  std::vector<storage::Label> labels;
  size_t characters = 0;
  const auto add = [&](std::string_view name, std::string value) {
    if (value.empty()) return;
    characters += Characters(name) + Characters(value);
    labels.push_back({std::string(name), std::move(value)});
  };
  for (const std::string_view bytes : wire.attributes) {
    const absl::StatusOr<storage::Attribute> attribute = ParseAttribute(bytes);
    if (!attribute.ok()) return CountRefused();
    if (!attribute->name.empty()) add(attribute->name, storage::ToText(attribute->value));
  }
  const size_t attributes = labels.size();
  // The ids win over attributes of their names.
  add(kTraceId, storage::TraceId::FromBytes(wire.trace_id).ToText());
  add(kSpanId, storage::SpanId::FromBytes(wire.span_id).ToText());
  if (characters > kMaxLabelCharacters) labels.erase(labels.begin(), labels.begin() + attributes);
  storage::Exemplar exemplar;
  exemplar.time_ms =
      wire.time_ns == 0 ? time_ms : static_cast<int64_t>(wire.time_ns / kNanosPerMilli);
  exemplar.value = wire.value;
  exemplar.labels = storage::Labels(std::move(labels));
  batch_.exemplars.push_back({series, std::move(exemplar)});
}

}  // namespace vigil::collector
