// SPDX-License-Identifier: Apache-2.0
#include "cli/query_output.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/strings.h"
#include "cli/text/labels.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

Json JsonHistogram(const v1::HistogramValue& histogram) {
  Json object;
  object["count"] = FormatValue(histogram.count());
  object["sum"] = FormatValue(histogram.sum());
  for (const v1::HistogramBucket& bucket : histogram.buckets()) {
    object["buckets"].push_back(
        Json::array({bucket.boundaries(), FormatValue(bucket.lower()), FormatValue(bucket.upper()),
                     FormatValue(bucket.count())}));
  }
  return object;
}

std::string HistogramText(const v1::HistogramValue& histogram) {
  std::string text = fmt::format("{{count:{}, sum:{}", FormatValue(histogram.count()),
                                 FormatValue(histogram.sum()));
  for (const v1::HistogramBucket& bucket : histogram.buckets()) {
    text += fmt::format(", {}{},{}{}:{}", bucket.boundaries() % 2 == 1 ? "[" : "(",
                        FormatValue(bucket.lower()), FormatValue(bucket.upper()),
                        bucket.boundaries() == 0 || bucket.boundaries() == 3 ? "]" : ")",
                        FormatValue(bucket.count()));
  }
  return text + "}";
}

Json JsonMatrix(const v1::Matrix& matrix) {
  Json result = Json::array();
  for (const v1::MatrixSeries& series : matrix.series()) {
    Json object;
    object["metric"] = JsonLabels(series.labels());
    for (int i = 0; i < series.values_size(); ++i) {
      object["values"].push_back({JsonTime(series.times_ms(i)), FormatValue(series.values(i))});
    }
    for (int i = 0; i < series.histograms_size(); ++i) {
      object["histograms"].push_back(Json::array(
          {JsonTime(series.histogram_times_ms(i)), JsonHistogram(series.histograms(i))}));
    }
    result.push_back(std::move(object));
  }
  return result;
}

Json JsonVector(const v1::Vector& vector) {
  Json result = Json::array();
  for (const v1::VectorElement& element : vector.elements()) {
    Json object;
    object["metric"] = JsonLabels(element.labels());
    if (element.has_histogram()) {
      object["histogram"] =
          Json::array({JsonTime(element.time_ms()), JsonHistogram(element.histogram())});
    } else {
      object["value"] = {JsonTime(element.time_ms()), FormatValue(element.value())};
    }
    result.push_back(std::move(object));
  }
  return result;
}

Json ToJson(const v1::QueryResponse& response) {
  Json data;
  switch (response.result_case()) {
    case v1::QueryResponse::kScalar:
      data["resultType"] = "scalar";
      data["result"] = {JsonTime(response.scalar().time_ms()),
                        FormatValue(response.scalar().value())};
      break;
    case v1::QueryResponse::kText:
      data["resultType"] = "string";
      data["result"] = {JsonTime(response.text().time_ms()), response.text().value()};
      break;
    case v1::QueryResponse::kMatrix:
      data["resultType"] = "matrix";
      data["result"] = JsonMatrix(response.matrix());
      break;
    default:
      data["resultType"] = "vector";
      data["result"] = JsonVector(response.vector());
  }
  return data;
}

// The names of all labels in use, the metric's name first.
template <typename Elements>
std::vector<std::string> LabelColumns(const Elements& elements) {
  std::set<std::string> names;
  for (const auto& element : elements) {
    for (const v1::Label& label : element.labels()) names.insert(label.name());
  }
  std::vector<std::string> columns;
  if (names.erase(std::string(kMetricName)) > 0) columns.emplace_back(kMetricName);
  columns.insert(columns.end(), names.begin(), names.end());
  return columns;
}

Table MakeTable(const std::vector<std::string>& labels, std::initializer_list<const char*> others) {
  std::vector<std::string> header;
  for (const std::string& label : labels) header.push_back(label == kMetricName ? "metric" : label);
  header.insert(header.end(), others.begin(), others.end());
  return Table(std::move(header));
}

std::vector<Cell> LabelCells(const LabelList& labels, const std::vector<std::string>& columns) {
  std::vector<Cell> cells;
  for (const std::string& column : columns) cells.push_back(LabelOf(labels, column));
  return cells;
}

Table VectorTable(const v1::Vector& vector) {
  const std::vector<std::string> columns = LabelColumns(vector.elements());
  Table table = MakeTable(columns, {"value"});
  for (const v1::VectorElement& element : vector.elements()) {
    std::vector<Cell> row = LabelCells(element.labels(), columns);
    row.emplace_back(element.has_histogram() ? HistogramText(element.histogram())
                                             : FormatValue(element.value()));
    table.Add(std::move(row));
  }
  return table;
}

Table MatrixTable(const v1::Matrix& matrix) {
  const std::vector<std::string> columns = LabelColumns(matrix.series());
  Table table = MakeTable(columns, {"time", "value"});
  for (const v1::MatrixSeries& series : matrix.series()) {
    const std::vector<Cell> cells = LabelCells(series.labels(), columns);
    const auto add = [&](int64_t time_ms, std::string value) {
      std::vector<Cell> row = cells;
      row.emplace_back(FormatInstantMs(time_ms));
      row.emplace_back(std::move(value));
      table.Add(std::move(row));
    };
    for (int i = 0; i < series.values_size(); ++i) {
      add(series.times_ms(i), FormatValue(series.values(i)));
    }
    for (int i = 0; i < series.histograms_size(); ++i) {
      add(series.histogram_times_ms(i), HistogramText(series.histograms(i)));
    }
  }
  return table;
}

Table ToTable(const v1::QueryResponse& response) {
  switch (response.result_case()) {
    case v1::QueryResponse::kScalar: {
      Table table({"value"});
      table.Add({FormatValue(response.scalar().value())});
      return table;
    }
    case v1::QueryResponse::kText: {
      Table table({"value"});
      table.Add({response.text().value()});
      return table;
    }
    case v1::QueryResponse::kMatrix:
      return MatrixTable(response.matrix());
    default:
      return VectorTable(response.vector());
  }
}

}  // namespace

Answer AnswerOf(const v1::QueryResponse& response) {
  return {.json = [&response] { return ToJson(response); },
          .table = [&response] { return ToTable(response); },
          .when_empty = response.has_matrix() ? "no data in this range" : "no data at this time"};
}

PlotUnit GuessUnit(const v1::QueryResponse& response, std::string_view query) {
  std::optional<PlotUnit> unit;
  for (const v1::MatrixSeries& series : response.matrix().series()) {
    const PlotUnit own = UnitOfMetric(LabelOf(series.labels(), kMetricName));
    if (unit.has_value() && *unit != own) return PlotUnit::kNone;
    unit = own;
  }
  if (unit.has_value() && *unit != PlotUnit::kNone) return *unit;
  return UnitOfQuery(query);
}

std::string PlotResult(const v1::QueryResponse& response, std::string_view query,
                       const PlotOptions& options) {
  std::vector<PlotSeries> all;
  size_t histograms = 0;
  for (const v1::MatrixSeries& series : response.matrix().series()) {
    if (series.values().empty()) {
      ++histograms;
      continue;
    }
    PlotSeries& plotted = all.emplace_back();
    plotted.name = series.labels().empty() ? std::string(query) : SeriesText(series.labels());
    plotted.times_ms.assign(series.times_ms().begin(), series.times_ms().end());
    plotted.values.assign(series.values().begin(), series.values().end());
  }
  std::string note;
  if (histograms > 0) {
    note = fmt::format(
        "{} series are native histograms, which have no line: try histogram_quantile() or "
        "histogram_avg()\n",
        histograms);
  }
  if (all.empty()) return note.empty() ? "no data in this range\n" : note;
  return Plot(all, options) + note;
}

}  // namespace vigil::cli
