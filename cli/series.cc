// SPDX-License-Identifier: Apache-2.0
//
// `vigil series` and `vigil labels`: what there is to ask for.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/time_options.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct NameOptions {
  ClientOptions client;
  TimeOptions range;
  std::vector<std::string> matches;
  std::string label;
  uint32_t limit = 0;
};

// Fills in the range of a request; without one, all time is meant.
template <typename Request>
absl::Status SetRange(const TimeOptions& options, Request* request) {
  if (!options.given()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const TimeRange range,
                         options.Resolve(SystemClock().NowMs(), kMillisPerHour));
  request->set_start_ms(range.start_ms);
  request->set_end_ms(range.end_ms);
  return absl::OkStatus();
}

std::string SeriesText(const v1::LabelSet& series) {
  std::string name;
  std::string inside;
  for (const v1::Label& label : series.labels()) {
    if (label.name() == "__name__") {
      name = label.value();
    } else {
      inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ", ", label.name(), label.value());
    }
  }
  return inside.empty() && !name.empty() ? name : fmt::format("{}{{{}}}", name, inside);
}

std::string FormatSeries(const v1::SeriesResponse& response, OutputFormat format) {
  if (format == OutputFormat::kJson) {
    Json data = Json::array();
    for (const v1::LabelSet& series : response.series()) {
      Json object = Json::object();
      for (const v1::Label& label : series.labels()) object[label.name()] = label.value();
      data.push_back(std::move(object));
    }
    return JsonSuccess(std::move(data));
  }
  Table table({"series"});
  for (const v1::LabelSet& series : response.series()) table.Add({SeriesText(series)});
  return format == OutputFormat::kCsv ? table.ToCsv() : table.ToText();
}

template <typename Names>
std::string FormatNames(const Names& names, const char* header, OutputFormat format) {
  if (format == OutputFormat::kJson) {
    return JsonSuccess(Json(std::vector<std::string>(names.begin(), names.end())));
  }
  Table table({header});
  for (const std::string& name : names) table.Add({name});
  return format == OutputFormat::kCsv ? table.ToCsv() : table.ToText();
}

int RunSeries(const NameOptions& options) {
  v1::SeriesRequest request;
  for (const std::string& match : options.matches) request.add_matches(match);
  request.set_limit(options.limit);
  if (const absl::Status status = SetRange(options.range, &request); !status.ok()) {
    return UsageError(MessageOf(status));
  }
  const Client client(options.client);
  v1::SeriesResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::QueryService::NewStub(client.channel())->Series(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  Print(FormatSeries(response, options.client.format));
  if (response.truncated()) fmt::print(stderr, "there are more; raise --limit to see them\n");
  return kExitOk;
}

int RunLabelNames(const NameOptions& options) {
  v1::LabelNamesRequest request;
  for (const std::string& match : options.matches) request.add_matches(match);
  if (const absl::Status status = SetRange(options.range, &request); !status.ok()) {
    return UsageError(MessageOf(status));
  }
  const Client client(options.client);
  v1::LabelNamesResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::QueryService::NewStub(client.channel())->LabelNames(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  Print(FormatNames(response.names(), "label", options.client.format));
  return kExitOk;
}

int RunLabelValues(const NameOptions& options) {
  v1::LabelValuesRequest request;
  request.set_name(options.label);
  for (const std::string& match : options.matches) request.add_matches(match);
  if (const absl::Status status = SetRange(options.range, &request); !status.ok()) {
    return UsageError(MessageOf(status));
  }
  const Client client(options.client);
  v1::LabelValuesResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::QueryService::NewStub(client.channel())->LabelValues(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  Print(FormatNames(response.values(), options.label.c_str(), options.client.format));
  return kExitOk;
}

}  // namespace

void AddSeries(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<NameOptions>();
  CLI::App* const command =
      program->add_subcommand("series", "List the series that selectors match");
  command->add_option("selector", options->matches, "For example 'llm_requests_total{model=\"m\"}'")
      ->required();
  command->add_option("--limit", options->limit, "At most so many (default: all)");
  options->range.AddTo(command);
  options->client.AddTo(command);
  command->callback([options, exit_status] { *exit_status = RunSeries(*options); });
}

void AddLabels(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<NameOptions>();
  CLI::App* const command =
      program->add_subcommand("labels", "List the names of labels or, given a name, its values");
  command->add_option("name", options->label, "The label whose values to list");
  command->add_option("--match", options->matches, "Only of series that this selector matches");
  options->range.AddTo(command);
  options->client.AddTo(command);
  command->callback([options, exit_status] {
    *exit_status = options->label.empty() ? RunLabelNames(*options) : RunLabelValues(*options);
  });
}

}  // namespace vigil::cli
