// SPDX-License-Identifier: Apache-2.0
#include "cli/query_output.h"

#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/strings.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;
using Labels = google::protobuf::RepeatedPtrField<v1::Label>;

constexpr std::string_view kMetricName = "__name__";

std::string LabelOf(const Labels& labels, std::string_view name) {
  for (const v1::Label& label : labels) {
    if (label.name() == name) return label.value();
  }
  return "";
}

Json JsonLabels(const Labels& labels) {
  Json object = Json::object();
  for (const v1::Label& label : labels) object[label.name()] = label.value();
  return object;
}

std::string SeriesName(const Labels& labels) {
  std::string inside;
  for (const v1::Label& label : labels) {
    if (label.name() == kMetricName) continue;
    inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ", ", label.name(), label.value());
  }
  const std::string name = LabelOf(labels, kMetricName);
  return name.empty() || !inside.empty() ? fmt::format("{}{{{}}}", name, inside) : name;
}

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

std::string ToJson(const v1::QueryResponse& response) {
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
  return JsonSuccess(std::move(data));
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

std::vector<std::string> LabelCells(const Labels& labels, const std::vector<std::string>& columns) {
  std::vector<std::string> cells;
  for (const std::string& column : columns) cells.push_back(LabelOf(labels, column));
  return cells;
}

Table VectorTable(const v1::Vector& vector) {
  const std::vector<std::string> columns = LabelColumns(vector.elements());
  Table table = MakeTable(columns, {"value"});
  for (const v1::VectorElement& element : vector.elements()) {
    std::vector<std::string> row = LabelCells(element.labels(), columns);
    row.push_back(element.has_histogram() ? HistogramText(element.histogram())
                                          : FormatValue(element.value()));
    table.Add(std::move(row));
  }
  return table;
}

Table MatrixTable(const v1::Matrix& matrix) {
  const std::vector<std::string> columns = LabelColumns(matrix.series());
  Table table = MakeTable(columns, {"time", "value"});
  for (const v1::MatrixSeries& series : matrix.series()) {
    const std::vector<std::string> cells = LabelCells(series.labels(), columns);
    const auto add = [&](int64_t time_ms, std::string value) {
      std::vector<std::string> row = cells;
      row.push_back(FormatInstantMs(time_ms));
      row.push_back(std::move(value));
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

}  // namespace

std::string FormatResult(const v1::QueryResponse& response, OutputFormat format) {
  if (format == OutputFormat::kJson) return ToJson(response);
  Table table({"value"});
  switch (response.result_case()) {
    case v1::QueryResponse::kScalar:
      table.Add({FormatValue(response.scalar().value())});
      break;
    case v1::QueryResponse::kText:
      table.Add({response.text().value()});
      break;
    case v1::QueryResponse::kMatrix:
      table = MatrixTable(response.matrix());
      break;
    default:
      table = VectorTable(response.vector());
  }
  return format == OutputFormat::kCsv ? table.ToCsv() : table.ToText();
}

std::string PlotResult(const v1::QueryResponse& response, const PlotOptions& options) {
  std::vector<PlotSeries> all;
  for (const v1::MatrixSeries& series : response.matrix().series()) {
    PlotSeries& plotted = all.emplace_back();
    plotted.name = SeriesName(series.labels());
    plotted.times_ms.assign(series.times_ms().begin(), series.times_ms().end());
    plotted.values.assign(series.values().begin(), series.values().end());
  }
  return Plot(all, options);
}

}  // namespace vigil::cli
