// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/store_text.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/strings.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector::testing {
namespace {

using storage::Histogram;
using storage::testing::kStartMs;
using storage::testing::kStartNs;

constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

std::string BucketsText(const std::vector<storage::BucketSpan>& spans,
                        const std::vector<double>& counts) {
  std::string text;
  int64_t index = 0;
  size_t at = 0;
  for (const storage::BucketSpan& span : spans) {
    index += span.offset;
    text += " |";
    for (uint32_t i = 0; i < span.length; ++i) {
      text += fmt::format(" {}:{}", index++, FormatValue(counts.at(at++)));
    }
  }
  EXPECT_EQ(at, counts.size());
  return text;
}

std::string HistogramText(const Histogram& histogram) {
  if (storage::IsStale(histogram)) return "stale";
  std::string text =
      fmt::format("{{schema {} count {} sum {} zero {} within {}", histogram.schema,
                  FormatValue(histogram.count), FormatValue(histogram.sum),
                  FormatValue(histogram.zero_count), FormatValue(histogram.zero_threshold));
  const auto add = [&text](std::string_view sign, const std::string& buckets) {
    if (!buckets.empty()) text += fmt::format(" {}{}", sign, buckets);
  };
  add("positive", BucketsText(histogram.positive_spans, histogram.positive_counts));
  add("negative", BucketsText(histogram.negative_spans, histogram.negative_counts));
  return text + "}";
}

std::string AttributesText(const storage::Attributes& attributes) {
  std::vector<std::string> texts;
  for (const storage::Attribute& attribute : attributes) {
    texts.push_back(fmt::format("{}={}", attribute.name, storage::ToText(attribute.value)));
  }
  std::sort(texts.begin(), texts.end());
  return fmt::format("[{}]", fmt::join(texts, " "));
}

std::string OriginText(const storage::Origin& origin) {
  return fmt::format("resource{} scope \"{}\" \"{}\"{}", AttributesText(origin.resource),
                     origin.scope_name, origin.scope_version,
                     AttributesText(origin.scope_attributes));
}

void AddField(std::string_view name, const std::string& value, std::string* text) {
  if (!value.empty() && value != "0") *text += fmt::format(" {}={}", name, value);
}

std::string LogText(const storage::Labels& stream, const storage::LogRecord& record) {
  std::string text = fmt::format("{} {} \"{}\" {}", stream.ToString(), record.time_ns - kStartNs,
                                 storage::ToText(record.body), AttributesText(record.attributes));
  if (record.observed_time_ns != 0) {
    AddField("observed", fmt::to_string(record.observed_time_ns - kStartNs), &text);
  }
  AddField("severity", fmt::to_string(record.severity_number), &text);
  AddField("severity_text", record.severity_text, &text);
  AddField("event", record.event_name, &text);
  AddField("trace", record.trace_id.ToText(), &text);
  AddField("span", record.span_id.ToText(), &text);
  AddField("flags", fmt::to_string(record.flags), &text);
  AddField("dropped", fmt::to_string(record.dropped_attributes_count), &text);
  return text + "\n  " + OriginText(*record.origin) + "\n";
}

std::string SpanText(const storage::Span& span) {
  std::string text = fmt::format("{} {} \"{}\" kind {} {}..{} status {} {}", span.trace_id.ToText(),
                                 span.span_id.ToText(), span.name, span.kind,
                                 span.start_ns - kStartNs, span.end_ns - kStartNs,
                                 static_cast<int>(span.status), AttributesText(span.attributes));
  AddField("parent", span.parent_span_id.ToText(), &text);
  AddField("state", span.trace_state, &text);
  AddField("message", span.status_message, &text);
  AddField("flags", fmt::to_string(span.flags), &text);
  AddField("dropped_attributes", fmt::to_string(span.dropped_attributes_count), &text);
  AddField("dropped_events", fmt::to_string(span.dropped_events_count), &text);
  AddField("dropped_links", fmt::to_string(span.dropped_links_count), &text);
  text += "\n  " + OriginText(*span.origin) + "\n";
  for (const storage::SpanEvent& event : span.events) {
    text += fmt::format("  event {} \"{}\" {} dropped {}\n", event.time_ns - kStartNs, event.name,
                        AttributesText(event.attributes), event.dropped_attributes_count);
  }
  for (const storage::SpanLink& link : span.links) {
    text += fmt::format("  link {} {} \"{}\" {} dropped {} flags {}\n", link.trace_id.ToText(),
                        link.span_id.ToText(), link.trace_state, AttributesText(link.attributes),
                        link.dropped_attributes_count, link.flags);
  }
  return text;
}

}  // namespace

std::string SeriesText(storage::Storage& storage, storage::TenantId tenant) {
  const auto querier = storage.NewMetricQuerier(tenant);
  const auto series = querier->Select({}, {0, kForever});
  EXPECT_OK(series);
  std::string text;
  for (const storage::SeriesHandle& handle : *series) {
    storage::SampleColumns columns;
    EXPECT_OK(querier->Read(handle.ref, {0, kForever}, &columns));
    std::map<int64_t, std::string> samples;
    for (size_t i = 0; i < columns.times_ms.size(); ++i) {
      const double value = columns.values[i];
      samples[columns.times_ms[i]] = storage::IsStale(value) ? "stale" : FormatValue(value);
    }
    for (size_t i = 0; i < columns.histogram_times_ms.size(); ++i) {
      samples[columns.histogram_times_ms[i]] = HistogramText(*columns.histograms[i]);
    }
    text += handle.labels.ToString();
    for (const auto& [time_ms, value] : samples) {
      text += fmt::format(" {}:{}", time_ms - kStartMs, value);
    }
    text += "\n";
  }
  return text;
}

std::string ExemplarsText(storage::Storage& storage, storage::TenantId tenant) {
  const auto all = storage.ReadExemplars(tenant, {}, {0, kForever});
  EXPECT_OK(all);
  std::string text;
  for (const storage::ExemplarSeries& series : *all) {
    text += series.labels.ToString();
    for (const storage::Exemplar& exemplar : series.exemplars) {
      text += fmt::format(" {}:{}{}", exemplar.time_ms - kStartMs, FormatValue(exemplar.value),
                          exemplar.labels.ToString());
    }
    text += "\n";
  }
  return text;
}

std::string MetadataText(storage::Storage& storage, storage::TenantId tenant) {
  std::string text;
  for (const auto& [name, metadata] : storage.MetricMetadataOf(tenant)) {
    text += fmt::format("{} {} \"{}\" \"{}\"\n", name, storage::MetricTypeName(metadata.type),
                        metadata.unit, metadata.help);
  }
  return text;
}

std::string LogsText(storage::Storage& storage, storage::TenantId tenant) {
  storage::LogSelection selection;
  selection.range = {0, kForever};
  selection.newest_first = false;
  std::string text;
  EXPECT_OK(storage.ReadLogs(
      tenant, selection,
      [&text](const storage::Labels& stream, uint64_t, const storage::LogRecord& record) {
        text += LogText(stream, record);
        return true;
      }));
  return text;
}

std::string SpansText(storage::Storage& storage, storage::TenantId tenant) {
  std::vector<std::string> spans;
  EXPECT_OK(storage.ReadSpans(tenant, 0, kForever, [&spans](const storage::Span& span) {
    spans.push_back(SpanText(span));
    return true;
  }));
  std::sort(spans.begin(), spans.end());
  return fmt::format("{}", fmt::join(spans, ""));
}

}  // namespace vigil::collector::testing
