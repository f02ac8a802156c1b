// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "cli/client.h"
#include "cli/rules/rules.h"
#include "cli/text/labels.h"
#include "cli/watch.h"
#include "proto/vigil/v1/alerts.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ListOptions {
  ClientOptions client;
  WatchOptions watch;
};

Json JsonRule(const v1::Rule& rule) {
  Json object;
  if (!rule.state().empty()) object["state"] = rule.state();
  object["name"] = rule.name();
  object["query"] = rule.query();
  if (rule.type() == "alerting") {
    object["duration"] = static_cast<double>(rule.for_ms()) / kMillisPerSecond;
    object["annotations"] = JsonLabels(rule.annotations());
  }
  object["labels"] = JsonLabels(rule.labels());
  object["health"] = rule.health();
  if (!rule.last_error().empty()) object["lastError"] = rule.last_error();
  if (!rule.inputs().empty()) {
    Json missing = Json::array();
    for (const std::string& selector : rule.missing_inputs()) missing.push_back(selector);
    object["inputs"] = {{"state", rule.inputs()},
                        {"since", FormatInstantMs(rule.inputs_since_ms())},
                        {"missing", std::move(missing)}};
  }
  object["type"] = rule.type();
  return object;
}

Json JsonGroup(const v1::RuleGroup& group) {
  Json object;
  object["name"] = group.name();
  object["file"] = group.file();
  object["interval"] = static_cast<double>(group.interval_ms()) / kMillisPerSecond;
  object["rules"] = Json::array();
  for (const v1::Rule& rule : group.rules()) object["rules"].push_back(JsonRule(rule));
  object["evaluationTime"] = group.evaluation_seconds();
  object["lastEvaluation"] = FormatInstantMs(group.last_evaluation_ms());
  return object;
}

Json JsonGroups(const v1::ListRulesResponse& response) {
  Json groups = Json::array();
  for (const v1::RuleGroup& group : response.groups()) groups.push_back(JsonGroup(group));
  return {{"groups", std::move(groups)}};
}

// What is to be said of a rule's inputs: nothing if there are some.
std::string InputsText(const v1::Rule& rule, int64_t now_ms) {
  if (rule.inputs() == "never_seen") return "never seen";
  if (rule.inputs() != "vanished") return "";
  return fmt::format("vanished {}", Ago(rule.inputs_since_ms(), now_ms));
}

Table RuleTable(const v1::ListRulesResponse& response) {
  const int64_t now_ms = SystemClock().NowMs();
  Table table({"group", "rule", "type", "state", "health", "inputs", "for", "query", "error"});
  for (const v1::RuleGroup& group : response.groups()) {
    for (const v1::Rule& rule : group.rules()) {
      table.Add({group.name(), rule.name(), rule.type(), rule.state(), rule.health(),
                 InputsText(rule, now_ms),
                 rule.type() == "alerting" ? FormatDurationMs(rule.for_ms()) : "", rule.query(),
                 rule.last_error()});
    }
  }
  return table;
}

Reply AskRules(const Client& client, const Terminal& terminal) {
  v1::ListRulesResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AlertService::NewStub(client.channel())->ListRules(&context, {}, &response);
  if (!status.ok()) return client.Refuse(status);
  return client.Show({.json = [&response] { return JsonGroups(response); },
                      .table = [&response] { return RuleTable(response); },
                      .when_empty = "no rules are loaded; start the server with --rules 'FILES'"},
                     terminal);
}

}  // namespace

void AddRulesList(CLI::App* rules, int* exit_status) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* const list = rules->add_subcommand("list", "List the rules that the server evaluates");
  options->watch.AddTo(list);
  options->client.AddTo(list);
  list->footer(
      "Example:\n"
      "  vigil rules list -o csv");
  list->callback([options, exit_status] {
    const Client client(options->client);
    *exit_status =
        RunOrWatch(options->watch, "vigil rules list",
                   [&client](const Terminal& terminal) { return AskRules(client, terminal); });
  });
}

}  // namespace vigil::cli
