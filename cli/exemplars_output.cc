// SPDX-License-Identifier: Apache-2.0
#include "cli/exemplars_output.h"

#include <string_view>
#include <utility>

#include "base/duration.h"
#include "base/strings.h"
#include "cli/text/labels.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kTraceId = "trace_id";
constexpr std::string_view kSpanId = "span_id";

Json ToJson(const v1::ExemplarsResponse& response) {
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
  return data;
}

Table ToTable(const v1::ExemplarsResponse& response) {
  Table table({"time", "value", "trace", "span", "labels", "series"});
  for (const v1::ExemplarSeries& series : response.series()) {
    for (const v1::ExemplarValue& exemplar : series.exemplars()) {
      table.Add({FormatInstantMs(exemplar.time_ms()), FormatValue(exemplar.value()),
                 LabelOf(exemplar.labels(), kTraceId), LabelOf(exemplar.labels(), kSpanId),
                 LabelsText(exemplar.labels(), {kTraceId, kSpanId}), SeriesText(series.labels())});
    }
  }
  return table;
}

}  // namespace

Answer AnswerOf(const v1::ExemplarsResponse& response) {
  return {.json = [&response] { return ToJson(response); },
          .table = [&response] { return ToTable(response); },
          .when_empty = "no exemplars in this range"};
}

}  // namespace vigil::cli
