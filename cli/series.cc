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
#include "cli/text/labels.h"
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

Answer AnswerOf(const v1::SeriesResponse& response) {
  return {.json =
              [&response] {
                Json data = Json::array();
                for (const v1::LabelSet& series : response.series()) {
                  data.push_back(JsonLabels(series.labels()));
                }
                return data;
              },
          .table =
              [&response] {
                Table table({"series"});
                for (const v1::LabelSet& series : response.series()) {
                  table.Add({SeriesText(series.labels())});
                }
                return table;
              },
          .when_empty = "no series match"};
}

template <typename Names>
Answer AnswerOf(const Names& names, const std::string& header) {
  return {.json = [&names] { return Json(std::vector<std::string>(names.begin(), names.end())); },
          .table =
              [&names, &header] {
                Table table({header});
                for (const std::string& name : names) table.Add({name});
                return table;
              },
          .when_empty = "there are none"};
}

// The selector that an error message can only mean; "" when there are several.
std::string FirstOf(const std::vector<std::string>& matches) {
  return matches.size() == 1 ? matches.front() : "";
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
  if (!status.ok()) return client.Finish(status, FirstOf(options.matches));
  Reply reply = client.Show(AnswerOf(response), StandardOutput());
  if (response.truncated()) reply.err = "there are more; raise --limit to see them\n";
  return Deliver(reply);
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
  if (!status.ok()) return client.Finish(status, FirstOf(options.matches));
  return Deliver(client.Show(AnswerOf(response.names(), "label"), StandardOutput()));
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
  if (!status.ok()) return client.Finish(status, FirstOf(options.matches));
  return Deliver(client.Show(AnswerOf(response.values(), options.label), StandardOutput()));
}

}  // namespace

void AddSeries(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<NameOptions>();
  CLI::App* const command =
      program->add_subcommand("series", "List the series that selectors match");
  command
      ->add_option("selector", options->matches,
                   "Selectors; a series that any of them matches is listed")
      ->required();
  command->add_option("--limit", options->limit, "At most so many (default: all)")
      ->type_name("COUNT");
  options->range.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil series 'llm_requests_total{status=\"error\"}'\n"
      "  vigil series '{job=\"gateway\"}' --last 1h --limit 20");
  command->callback([options, exit_status] { *exit_status = RunSeries(*options); });
}

void AddLabels(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<NameOptions>();
  CLI::App* const command =
      program->add_subcommand("labels", "List the names of labels or, given a name, its values");
  command->add_option("name", options->label, "The label whose values to list");
  command->add_option("--match", options->matches, "Only of series that this selector matches")
      ->type_name("SELECTOR");
  options->range.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil labels\n"
      "  vigil labels model --match llm_requests_total --last 1h");
  command->callback([options, exit_status] {
    *exit_status = options->label.empty() ? RunLabelNames(*options) : RunLabelValues(*options);
  });
}

}  // namespace vigil::cli
