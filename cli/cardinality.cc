// SPDX-License-Identifier: Apache-2.0
//
// `vigil cardinality`: which metrics, labels and label values make the most series.
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/watch.h"
#include "proto/vigil/v1/admin.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;
using Entries = google::protobuf::RepeatedPtrField<v1::CardinalityEntry>;

struct CardinalityOptions {
  ClientOptions client;
  WatchOptions watch;
  std::string selector;
  uint32_t limit = 0;
};

int64_t Growth(uint64_t today, uint64_t yesterday) {
  return static_cast<int64_t>(today) - static_cast<int64_t>(yesterday);
}

std::string GrowthText(uint64_t today, uint64_t yesterday) {
  return fmt::format("{:+}", Growth(today, yesterday));
}

Json ToJson(const Entries& entries, bool with_value, bool with_values) {
  Json list = Json::array();
  for (const v1::CardinalityEntry& entry : entries) {
    Json object;
    object["name"] = entry.name();
    if (with_value) object["value"] = entry.value();
    if (with_values) object["values"] = entry.values();
    object["series"] = entry.series();
    object["growth"] = Growth(entry.series(), entry.series_yesterday());
    list.push_back(std::move(object));
  }
  return list;
}

Json ToJson(const v1::CardinalityResponse& response) {
  Json data;
  data["series"] = response.series();
  data["growth"] = Growth(response.series(), response.series_yesterday());
  data["metrics"] = ToJson(response.metrics(), false, false);
  data["labels"] = ToJson(response.labels(), false, true);
  data["labelValues"] = ToJson(response.label_values(), true, false);
  return data;
}

Table ToTable(const v1::CardinalityResponse& response) {
  Table table({"kind", "name", "value", "values", "series", "growth"});
  const auto add = [&table](const char* kind, const Entries& entries) {
    for (const v1::CardinalityEntry& entry : entries) {
      table.Add({kind, entry.name(), entry.value(),
                 entry.values() == 0 ? "" : fmt::to_string(entry.values()),
                 fmt::to_string(entry.series()),
                 fmt::to_string(Growth(entry.series(), entry.series_yesterday()))});
    }
  };
  table.Add({"total", "", "", "", fmt::to_string(response.series()),
             fmt::to_string(Growth(response.series(), response.series_yesterday()))});
  add("metric", response.metrics());
  add("label", response.labels());
  add("value", response.label_values());
  return table;
}

// A table for each question, as people ask them one by one.
std::string ToText(const v1::CardinalityResponse& response, const Terminal& terminal) {
  std::string text = fmt::format("{} series today, {} since yesterday\n", response.series(),
                                 GrowthText(response.series(), response.series_yesterday()));
  Table metrics({"metric", "series", "growth"});
  for (const v1::CardinalityEntry& entry : response.metrics()) {
    metrics.Add({entry.name(), fmt::to_string(entry.series()),
                 GrowthText(entry.series(), entry.series_yesterday())});
  }
  Table labels({"label", "values", "series", "growth"});
  for (const v1::CardinalityEntry& entry : response.labels()) {
    labels.Add({entry.name(), fmt::to_string(entry.values()), fmt::to_string(entry.series()),
                GrowthText(entry.series(), entry.series_yesterday())});
  }
  Table values({"label", "value", "series", "growth"});
  for (const v1::CardinalityEntry& entry : response.label_values()) {
    values.Add({entry.name(), entry.value(), fmt::to_string(entry.series()),
                GrowthText(entry.series(), entry.series_yesterday())});
  }
  for (const Table* const table : {&metrics, &labels, &values})
    text += "\n" + table->ToText(terminal);
  return text;
}

Reply Ask(const CardinalityOptions& options, const Client& client, const Terminal& terminal) {
  v1::CardinalityRequest request;
  request.set_match(options.selector);
  request.set_limit(options.limit);
  v1::CardinalityResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AdminService::NewStub(client.channel())->Cardinality(&context, request, &response);
  if (!status.ok()) return client.Refuse(status, options.selector);
  return client.Show(
      {.json = [&response] { return ToJson(response); },
       .table = [&response] { return ToTable(response); },
       .text = [&response](const Terminal& shown_on) { return ToText(response, shown_on); }},
      terminal);
}

int Run(const CardinalityOptions& options) {
  const Client client(options.client);
  return RunOrWatch(options.watch, "vigil cardinality " + options.selector,
                    [&](const Terminal& terminal) { return Ask(options, client, terminal); });
}

}  // namespace

void AddCardinality(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<CardinalityOptions>();
  CLI::App* const command = program->add_subcommand(
      "cardinality", "Show which metrics, labels and label values make the most series");
  command->add_option("selector", options->selector, "Only of series that this selector matches");
  command->add_option("--limit", options->limit, "Entries of each list (default: 10)")
      ->type_name("COUNT");
  options->watch.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil cardinality\n"
      "  vigil cardinality '{job=\"gateway\"}' --limit 20");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
