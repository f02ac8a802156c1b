// SPDX-License-Identifier: Apache-2.0
#include "cli/exemplars_output.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/strings.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMetricName = "__name__";
constexpr std::string_view kTraceId = "trace_id";
constexpr std::string_view kSpanId = "span_id";

template <typename LabelMessages>
Json JsonLabels(const LabelMessages& labels) {
  Json object = Json::object();
  for (const v1::Label& label : labels) object[label.name()] = label.value();
  return object;
}

template <typename LabelMessages>
std::string ValueOf(const LabelMessages& labels, std::string_view name) {
  for (const v1::Label& label : labels) {
    if (label.name() == name) return label.value();
  }
  return "";
}

// The labels but for some, as PromQL writes them.
template <typename LabelMessages>
std::string LabelsText(const LabelMessages& labels, std::initializer_list<std::string_view> but) {
  std::string text;
  for (const v1::Label& label : labels) {
    if (std::find(but.begin(), but.end(), label.name()) != but.end()) continue;
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ", ", label.name(), label.value());
  }
  return text;
}

std::string SeriesText(const v1::ExemplarSeries& series) {
  const std::string name = ValueOf(series.labels(), kMetricName);
  const std::string inside = LabelsText(series.labels(), {kMetricName});
  return inside.empty() && !name.empty() ? name : fmt::format("{}{{{}}}", name, inside);
}

std::string FormatJson(const v1::ExemplarsResponse& response) {
  Json data = Json::array();
  for (const v1::ExemplarSeries& series : response.series()) {
    Json exemplars = Json::array();
    for (const v1::ExemplarValue& exemplar : series.exemplars()) {
      exemplars.push_back({{"labels", JsonLabels(exemplar.labels())},
                           {"value", FormatValue(exemplar.value())},
                           {"timestamp", JsonTime(exemplar.time_ms())}});
    }
    data.push_back(
        {{"seriesLabels", JsonLabels(series.labels())}, {"exemplars", std::move(exemplars)}});
  }
  return JsonSuccess(std::move(data));
}

}  // namespace

std::string FormatExemplars(const v1::ExemplarsResponse& response, OutputFormat format) {
  if (format == OutputFormat::kJson) return FormatJson(response);
  Table table({"time", "value", "trace", "span", "labels", "series"});
  for (const v1::ExemplarSeries& series : response.series()) {
    for (const v1::ExemplarValue& exemplar : series.exemplars()) {
      table.Add({FormatInstantMs(exemplar.time_ms()), FormatValue(exemplar.value()),
                 ValueOf(exemplar.labels(), kTraceId), ValueOf(exemplar.labels(), kSpanId),
                 LabelsText(exemplar.labels(), {kTraceId, kSpanId}), SeriesText(series)});
    }
  }
  return format == OutputFormat::kCsv ? table.ToCsv() : table.ToText();
}

}  // namespace vigil::cli
