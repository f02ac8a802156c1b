// SPDX-License-Identifier: Apache-2.0
//
// `vigil alerts` and `vigil rules list|check|expand`.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "alerting/rules/rule_check.h"
#include "alerting/rules/rule_file.h"
#include "alerting/rules/rule_yaml.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "cli/alerts_history.h"
#include "cli/backtest/backtest_command.h"
#include "cli/client.h"
#include "cli/command.h"
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
struct AlertOptions : ListOptions {
  std::vector<std::string> matchers;
  std::vector<std::string> rules;
  std::vector<std::string> states;
};

Json JsonAlert(const v1::Alert& alert) {
  Json object;
  object["labels"] = JsonLabels(alert.labels());
  object["annotations"] = JsonLabels(alert.annotations());
  object["state"] = alert.state();
  object["activeAt"] = FormatInstantMs(alert.active_at_ms());
  if (alert.fired_at_ms() != 0) object["firedAt"] = FormatInstantMs(alert.fired_at_ms());
  object["value"] = FormatValue(alert.value());
  if (!alert.reason().empty()) object["reason"] = alert.reason();
  object["rule"] = alert.rule();
  object["group"] = alert.group();
  object["file"] = alert.file();
  if (alert.has_evidence()) object["evidence"] = JsonEvidence(alert.evidence());
  return object;
}

Json JsonAlerts(const v1::ListAlertsResponse& response) {
  Json alerts = Json::array();
  for (const v1::Alert& alert : response.alerts()) alerts.push_back(JsonAlert(alert));
  return {{"alerts", std::move(alerts)}};
}

Table AlertTable(const v1::ListAlertsResponse& response) {
  const int64_t now_ms = SystemClock().NowMs();
  std::vector<v1::Alert> alerts(response.alerts().begin(), response.alerts().end());
  // What fires first, then what is longest in its state.
  std::stable_sort(alerts.begin(), alerts.end(), [](const v1::Alert& a, const v1::Alert& b) {
    if (a.state() != b.state()) return a.state() == "firing";
    return a.active_at_ms() < b.active_at_ms();
  });
  Table table({"state", "alert", "since", "value", "labels", "summary"});
  for (const v1::Alert& alert : alerts) {
    const int64_t since_ms = alert.state() == "firing" ? alert.fired_at_ms() : alert.active_at_ms();
    table.Add({alert.state(), LabelOf(alert.labels(), "alertname"),
               Cell(FormatInstantMs(since_ms), Ago(since_ms, now_ms)), FormatValue(alert.value()),
               PlainLabels(alert.labels()), LabelOf(alert.annotations(), "summary")});
  }
  return table;
}

Reply AskAlerts(const Client& client, const v1::ListAlertsRequest& request,
                const Terminal& terminal) {
  v1::ListAlertsResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AlertService::NewStub(client.channel())->ListAlerts(&context, request, &response);
  if (!status.ok()) return client.Refuse(status);
  const bool all =
      request.states().empty() && request.matchers().empty() && request.rules().empty();
  return client.Show(
      {.json = [&response] { return JsonAlerts(response); },
       .table = [&response] { return AlertTable(response); },
       .when_empty = all ? "no alert is pending or firing" : "no such alert is pending or firing"},
      terminal);
}

int RunAlerts(const AlertOptions& options) {
  v1::ListAlertsRequest request;
  request.mutable_states()->Assign(options.states.begin(), options.states.end());
  request.mutable_matchers()->Assign(options.matchers.begin(), options.matchers.end());
  request.mutable_rules()->Assign(options.rules.begin(), options.rules.end());
  const Client client(options.client);
  return RunOrWatch(options.watch, "vigil alerts", [&client, &request](const Terminal& terminal) {
    return AskAlerts(client, request, terminal);
  });
}

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

using AskList = Reply (*)(const Client& client, const Terminal& terminal);

int RunList(const ListOptions& options, std::string_view title, AskList ask) {
  const Client client(options.client);
  return RunOrWatch(options.watch, title,
                    [&client, ask](const Terminal& terminal) { return ask(client, terminal); });
}

int RunRulesCheck(const std::vector<std::string>& files) {
  const alerting::RuleCheckReport report = alerting::CheckRuleFiles(files);
  std::fputs(report.text.c_str(), report.ok ? stdout : stderr);
  return report.ok ? kExitOk : kExitRefused;
}

// Prints the rules of the files as plain ones.
int RunRulesExpand(const std::vector<std::string>& files) {
  const absl::StatusOr<std::vector<alerting::RuleGroup>> groups = alerting::LoadRuleFiles(files);
  if (!groups.ok()) {
    fmt::print(stderr, "{}\n", MessageOf(groups.status()));
    return kExitRefused;
  }
  std::fputs(alerting::WriteRuleYaml(*groups).c_str(), stdout);
  return kExitOk;
}

}  // namespace

void AddAlerts(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<AlertOptions>();
  CLI::App* const command = program->add_subcommand(
      "alerts", "List the alerts that are pending or firing, or what became of alerts");
  AddAlertFilters(command, &options->matchers, &options->rules);
  command->add_option("--state", options->states, "Alerts in that state alone: pending or firing")
      ->delimiter(',')
      ->check(CLI::IsMember({"pending", "firing"}));
  options->watch.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil alerts\n"
      "  vigil alerts severity=page --state firing\n"
      "  vigil alerts --watch 10s");
  AddAlertsHistory(command, exit_status);
  command->callback([command, options, exit_status] {
    // The callback of `history` is called, too.
    if (command->get_subcommands().empty()) *exit_status = RunAlerts(*options);
  });
}

void AddRules(CLI::App* program, int* exit_status) {
  CLI::App* const rules =
      program->add_subcommand("rules", "Rules: list, check, expand, or try on stored data");
  rules->require_subcommand(1);
  auto options = std::make_shared<ListOptions>();
  CLI::App* const list = rules->add_subcommand("list", "List the rules that the server evaluates");
  options->watch.AddTo(list);
  options->client.AddTo(list);
  list->footer(
      "Example:\n"
      "  vigil rules list -o csv");
  list->callback(
      [options, exit_status] { *exit_status = RunList(*options, "vigil rules list", AskRules); });
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* const check = rules->add_subcommand("check", "Check rule files; needs no server");
  check->add_option("file", *files, "Rule files")->required();
  check->footer(
      "Example:\n"
      "  vigil rules check rules/*.yaml");
  check->callback([files, exit_status] { *exit_status = RunRulesCheck(*files); });
  auto expanded = std::make_shared<std::vector<std::string>>();
  CLI::App* const expand = rules->add_subcommand(
      "expand", "Print rule files as plain Prometheus rules; needs no server");
  expand->add_option("file", *expanded, "Rule files")->required();
  expand->footer(
      "Example:\n"
      "  vigil rules expand slo.yaml > plain.yaml");
  expand->callback([expanded, exit_status] { *exit_status = RunRulesExpand(*expanded); });
  AddRulesBacktest(rules, exit_status);
}

}  // namespace vigil::cli
