// SPDX-License-Identifier: Apache-2.0
//
// `vigil alerts`.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "cli/alerts_explain.h"
#include "cli/alerts_history.h"
#include "cli/alerts_noise.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/deliveries.h"
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

}  // namespace

void AddAlerts(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<AlertOptions>();
  CLI::App* const command = program->add_subcommand(
      "alerts", "List the alerts that are pending or firing, or what became of alerts");
  AddAlertFilters(command, &options->matchers, &options->rules);
  command->add_option("--state", options->states, "Alerts in that state alone: pending or firing")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"pending", "firing"}));
  options->watch.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil alerts\n"
      "  vigil alerts severity=page --state firing\n"
      "  vigil alerts --watch 10s");
  command->require_subcommand(0, 1);
  AddAlertsHistory(command, exit_status);
  AddAlertsExplain(command, exit_status);
  AddAlertsNoise(command, exit_status);
  AddDeliveries(command, exit_status);
  command->callback([command, options, exit_status] {
    // The callbacks of subcommands are called, too.
    if (command->get_subcommands().empty()) *exit_status = RunAlerts(*options);
  });
}

}  // namespace vigil::cli
