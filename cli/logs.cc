// SPDX-License-Identifier: Apache-2.0
//
// `vigil logs`: records of log streams, of the past or as they come.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/time_options.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct LogsOptions {
  ClientOptions client;
  TimeOptions range;
  std::string query;
  uint32_t limit = 100;
  bool follow = false;
  bool forward = false;
};

std::string FieldOf(const v1::LogResult& record, std::string_view name) {
  for (const v1::Label& field : record.fields()) {
    if (field.name() == name) return field.value();
  }
  return "";
}

std::string_view LevelColor(std::string_view level) {
  if (level == "error" || level == "fatal") return "\x1b[31m";
  if (level == "warn") return "\x1b[33m";
  if (level == "info") return "\x1b[32m";
  return "\x1b[90m";
}

// time level line {fields}
std::string RecordLine(const v1::LogResult& record, bool color) {
  const std::string level = FieldOf(record, "detected_level");
  std::string fields;
  for (const v1::Label& field : record.fields()) {
    if (field.name() == "detected_level" || field.name() == "severity_number" ||
        field.name() == "severity_text" || field.name() == "observed_timestamp") {
      continue;
    }
    fields += fmt::format(" {}={}", field.name(), Printable(field.value()));
  }
  return color ? fmt::format("\x1b[90m{}\x1b[0m {}{:<5}\x1b[0m {}\x1b[90m{}\x1b[0m\n",
                             FormatInstantMs(record.time_ns() / kNanosPerMilli), LevelColor(level),
                             level, Printable(record.line()), fields)
               : fmt::format("{} {:<5} {}{}\n", FormatInstantMs(record.time_ns() / kNanosPerMilli),
                             level, Printable(record.line()), fields);
}

Json JsonLabels(const v1::LogResult& record) {
  Json labels = Json::object();
  for (const v1::Label& label : record.stream_labels()) labels[label.name()] = label.value();
  for (const v1::Label& field : record.fields()) labels[field.name()] = field.value();
  return labels;
}

// The shape of Loki's answers: entries under their label sets.
std::string ToJson(const std::vector<v1::LogResult>& records) {
  Json result = Json::array();
  for (const v1::LogResult& record : records) {
    Json labels = JsonLabels(record);
    if (result.empty() || result.back()["stream"] != labels) {
      result.push_back({{"stream", std::move(labels)}, {"values", Json::array()}});
    }
    result.back()["values"].push_back({fmt::to_string(record.time_ns()), record.line()});
  }
  Json data;
  data["resultType"] = "streams";
  data["result"] = std::move(result);
  return JsonSuccess(std::move(data));
}

std::string CsvOf(const std::vector<v1::LogResult>& records) {
  Table table({"time", "level", "line", "labels"});
  for (const v1::LogResult& record : records) {
    table.Add({FormatInstantNs(record.time_ns()), FieldOf(record, "detected_level"), record.line(),
               JsonLabels(record).dump(-1, ' ', false, Json::error_handler_t::replace)});
  }
  return table.ToCsv();
}

int Run(const LogsOptions& options) {
  const int64_t now_ms = SystemClock().NowMs();
  const absl::StatusOr<TimeRange> range = options.range.Resolve(now_ms, kMillisPerHour);
  if (!range.ok()) return UsageError(MessageOf(range.status()));
  v1::LogsRequest request;
  request.set_query(options.query);
  request.set_start_ns(range->start_ms * kNanosPerMilli);
  request.set_end_ns((range->end_ms + 1) * kNanosPerMilli);
  request.set_limit(options.limit);
  request.set_forward(options.forward);
  request.set_follow(options.follow);

  const Client client(options.client);
  const std::unique_ptr<v1::QueryService::Stub> stub = v1::QueryService::NewStub(client.channel());
  grpc::ClientContext context;
  client.Prepare(&context, options.follow);
  const auto reader = stub->Logs(&context, request);
  const bool color = ::isatty(STDOUT_FILENO) != 0;
  std::vector<v1::LogResult> records;
  v1::LogsResponse response;
  while (reader->Read(&response)) {
    if (options.client.format == OutputFormat::kTable) {
      for (const v1::LogResult& record : response.records()) Print(RecordLine(record, color));
      std::fflush(stdout);
    } else if (options.follow) {
      Print(ToJson({response.records().begin(), response.records().end()}));
      std::fflush(stdout);
    } else {
      records.insert(records.end(), response.records().begin(), response.records().end());
    }
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return client.Finish(status);
  if (options.client.format == OutputFormat::kJson) Print(ToJson(records));
  if (options.client.format == OutputFormat::kCsv) Print(CsvOf(records));
  return kExitOk;
}

}  // namespace

void AddLogs(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* const command =
      program->add_subcommand("logs", "Show log records, newest first, or follow them");
  command
      ->add_option(
          "logql", options->query,
          R"(Streams and filters: '{service_name="gateway"} |= "timeout" | status="error"')")
      ->required();
  options->range.AddTo(command);
  command->add_option("--limit", options->limit, "At most so many records")
      ->check(CLI::Range(1u, UINT32_MAX))
      ->capture_default_str();
  command->add_flag("-f,--follow", options->follow, "Go on with records as they arrive");
  command->add_flag("--forward", options->forward, "Oldest first");
  options->client.AddTo(command);
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
