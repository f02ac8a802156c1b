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
#include "proto/vigil/v1/admin.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;
using Entries = google::protobuf::RepeatedPtrField<v1::CardinalityEntry>;

struct CardinalityOptions {
  ClientOptions client;
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

std::string FormatJson(const v1::CardinalityResponse& response) {
  Json data;
  data["series"] = response.series();
  data["growth"] = Growth(response.series(), response.series_yesterday());
  data["metrics"] = ToJson(response.metrics(), false, false);
  data["labels"] = ToJson(response.labels(), false, true);
  data["labelValues"] = ToJson(response.label_values(), true, false);
  return JsonSuccess(std::move(data));
}

std::string FormatCsv(const v1::CardinalityResponse& response) {
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
  return table.ToCsv();
}

std::string FormatTables(const v1::CardinalityResponse& response) {
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
  for (const Table* const table : {&metrics, &labels, &values}) text += "\n" + table->ToText();
  return text;
}

int Run(const CardinalityOptions& options) {
  v1::CardinalityRequest request;
  request.set_match(options.selector);
  request.set_limit(options.limit);
  const Client client(options.client);
  v1::CardinalityResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AdminService::NewStub(client.channel())->Cardinality(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  switch (options.client.format) {
    case OutputFormat::kJson:
      Print(FormatJson(response));
      break;
    case OutputFormat::kCsv:
      Print(FormatCsv(response));
      break;
    case OutputFormat::kTable:
      Print(FormatTables(response));
  }
  return kExitOk;
}

}  // namespace

void AddCardinality(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<CardinalityOptions>();
  CLI::App* const command = program->add_subcommand(
      "cardinality", "Show which metrics, labels and label values make the most series");
  command->add_option("selector", options->selector, "Only of series that this selector matches");
  command->add_option("--limit", options->limit, "Entries of each list (default: 10)");
  options->client.AddTo(command);
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
