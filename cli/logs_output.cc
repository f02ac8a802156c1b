// SPDX-License-Identifier: Apache-2.0
#include "cli/logs_output.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "cli/text/labels.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string_view LevelColor(std::string_view level) {
  if (level == "error" || level == "fatal") return "\x1b[31m";
  if (level == "warn") return "\x1b[33m";
  if (level == "info") return "\x1b[32m";
  return "\x1b[90m";
}

Json AllLabels(const v1::LogResult& record) {
  Json labels = JsonLabels(record.stream_labels());
  for (const v1::Label& field : record.fields()) labels[field.name()] = field.value();
  return labels;
}

// Entries under their label sets.
Json ToJson(const std::vector<v1::LogResult>& records) {
  Json result = Json::array();
  for (const v1::LogResult& record : records) {
    Json labels = AllLabels(record);
    if (result.empty() || result.back()["stream"] != labels) {
      result.push_back({{"stream", std::move(labels)}, {"values", Json::array()}});
    }
    result.back()["values"].push_back({fmt::to_string(record.time_ns()), record.line()});
  }
  Json data;
  data["resultType"] = "streams";
  data["result"] = std::move(result);
  return data;
}

Table ToTable(const std::vector<v1::LogResult>& records) {
  Table table({"time", "level", "line", "labels"});
  for (const v1::LogResult& record : records) {
    table.Add({FormatInstantNs(record.time_ns()), LabelOf(record.fields(), "detected_level"),
               record.line(),
               AllLabels(record).dump(-1, ' ', false, Json::error_handler_t::replace)});
  }
  return table;
}

}  // namespace

std::string RecordLine(const v1::LogResult& record, const Terminal& terminal) {
  const std::string level = LabelOf(record.fields(), "detected_level");
  const std::string time = FormatInstantMs(record.time_ns() / kNanosPerMilli);
  std::string fields;
  for (const v1::Label& field : record.fields()) {
    if (field.name() == "detected_level" || field.name() == "severity_number" ||
        field.name() == "severity_text" || field.name() == "observed_timestamp") {
      continue;
    }
    fields += fmt::format(" {}={}", field.name(), Printable(field.value()));
  }
  return terminal.color
             ? fmt::format("\x1b[90m{}\x1b[0m {}{:<5}\x1b[0m {}\x1b[90m{}\x1b[0m\n", time,
                           LevelColor(level), level, Printable(record.line()), fields)
             : fmt::format("{} {:<5} {}{}\n", time, level, Printable(record.line()), fields);
}

Answer AnswerOf(const std::vector<v1::LogResult>& records) {
  return {.json = [&records] { return ToJson(records); },
          .table = [&records] { return ToTable(records); },
          .text =
              [&records](const Terminal& terminal) {
                std::string text;
                for (const v1::LogResult& record : records) text += RecordLine(record, terminal);
                return text;
              }};
}

}  // namespace vigil::cli
