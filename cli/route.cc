// SPDX-License-Identifier: Apache-2.0
//
// `vigil route show|test`: whom alerts go to, asked of a server or of a configuration file.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "alerting/manager/config.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "proto/vigil/v1/alertmanager.grpc.pb.h"
#include "server/grpc/alertmanager_service.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;
using Texts = google::protobuf::RepeatedPtrField<std::string>;

struct RouteOptions {
  ClientOptions client;
  std::string config;
  std::vector<std::string> labels;
};

std::string Joined(const Texts& texts) {
  std::string text;
  for (const std::string& one : texts) text += (text.empty() ? "" : " ") + one;
  return text;
}

Json JsonTexts(const Texts& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

// As the configuration has them; "" for off.
std::string FlapText(const v1::RouteStep& step) {
  if (!step.has_flap_detection()) return "";
  const v1::FlapDetection& flaps = step.flap_detection();
  return fmt::format("{} within {}, calm {}", flaps.changes(), FormatDurationMs(flaps.within_ms()),
                     FormatDurationMs(flaps.calm_ms()));
}

std::string BudgetText(const v1::RouteStep& step) {
  if (!step.has_notification_budget()) return "";
  return fmt::format("{} per {}", step.notification_budget().limit(),
                     FormatDurationMs(step.notification_budget().per_ms()));
}

Json JsonStep(const v1::RouteStep& step, bool with_outcome) {
  Json object;
  object["depth"] = step.depth();
  object["matchers"] = step.matchers();
  object["receiver"] = step.receiver();
  object["group_by"] = JsonTexts(step.group_by());
  object["group_wait"] = FormatDurationMs(step.group_wait_ms());
  object["group_interval"] = FormatDurationMs(step.group_interval_ms());
  object["repeat_interval"] = FormatDurationMs(step.repeat_interval_ms());
  object["continue"] = step.continue_matching();
  object["mute_time_intervals"] = JsonTexts(step.mute_time_intervals());
  object["active_time_intervals"] = JsonTexts(step.active_time_intervals());
  if (step.has_flap_detection()) object["flap_detection"] = FlapText(step);
  if (step.has_notification_budget()) object["notification_budget"] = BudgetText(step);
  if (!with_outcome) return object;
  object["outcome"] = step.outcome();
  object["why"] = step.why();
  if (step.outcome() == "taken") {
    object["group"] = step.group();
    object["mutedBy"] = JsonTexts(step.muted_by());
  }
  return object;
}

Json JsonRoutes(const v1::ExplainRoutesResponse& response, bool with_outcome) {
  Json object;
  object["routes"] = Json::array();
  for (const v1::RouteStep& step : response.steps()) {
    object["routes"].push_back(JsonStep(step, with_outcome));
  }
  if (!with_outcome) return object;
  object["silencedBy"] = JsonTexts(response.silenced_by());
  object["inhibitedBy"] = JsonTexts(response.inhibited_by());
  return object;
}

// The matchers, set off by how deep the route is for people.
Cell RouteCell(const v1::RouteStep& step) {
  return Cell(step.matchers(), std::string(2 * step.depth(), ' ') + step.matchers());
}

Table TreeTable(const v1::ExplainRoutesResponse& response) {
  Table table({"route", "receiver", "continue", "group_by", "group_wait", "group_interval",
               "repeat_interval", "mute", "active", "flapping", "budget"});
  for (const v1::RouteStep& step : response.steps()) {
    table.Add({RouteCell(step), step.receiver(), step.continue_matching() ? "yes" : "",
               Joined(step.group_by()), FormatDurationMs(step.group_wait_ms()),
               FormatDurationMs(step.group_interval_ms()),
               FormatDurationMs(step.repeat_interval_ms()), Joined(step.mute_time_intervals()),
               Joined(step.active_time_intervals()), FlapText(step), BudgetText(step)});
  }
  return table;
}

Table StepTable(const v1::ExplainRoutesResponse& response) {
  Table table({"route", "outcome", "receiver", "group", "why"});
  for (const v1::RouteStep& step : response.steps()) {
    const bool taken = step.outcome() == "taken";
    std::string why = step.why();
    if (!step.muted_by().empty()) {
      why += fmt::format("{}quiet now by {}", why.empty() ? "" : "; ", Joined(step.muted_by()));
    }
    table.Add({RouteCell(step), step.outcome(), taken ? step.receiver() : "", step.group(), why});
  }
  return table;
}

// Whom it goes to, how it got there, and what would keep it quiet.
std::string StepText(const v1::ExplainRoutesResponse& response, const Terminal& terminal) {
  std::string receivers;
  for (const v1::RouteStep& step : response.steps()) {
    if (step.outcome() != "taken") continue;
    receivers += (receivers.empty() ? "" : ", ") + step.receiver();
  }
  std::string text = fmt::format("goes to {}\n\n{}", receivers.empty() ? "nobody" : receivers,
                                 StepTable(response).ToText(terminal));
  if (!response.silenced_by().empty()) {
    text += fmt::format("\nsilenced by {}\n", Joined(response.silenced_by()));
  }
  if (!response.inhibited_by().empty()) {
    text += fmt::format("\ninhibited by {}\n", Joined(response.inhibited_by()));
  }
  return text;
}

absl::StatusOr<v1::ExplainRoutesRequest> MakeRequest(const RouteOptions& options) {
  v1::ExplainRoutesRequest request;
  for (const std::string& word : options.labels) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not of the form label=value", word));
    }
    v1::Label* const label = request.add_labels();
    label->set_name(word.substr(0, equals));
    label->set_value(word.substr(equals + 1));
  }
  return request;
}

absl::StatusOr<v1::ExplainRoutesResponse> ExplainFile(const std::string& path,
                                                      const v1::ExplainRoutesRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path));
  VIGIL_ASSIGN_OR_RETURN(const alerting::ManagerConfig config,
                         alerting::ParseManagerConfig(path, yaml));
  storage::LabelsBuilder labels;
  for (const v1::Label& label : request.labels()) labels.Set(label.name(), label.value());
  return server::ExplainRoutesOf(config, labels.Build(), SystemClock().NowMs());
}

int Run(const RouteOptions& options, bool with_outcome) {
  const absl::StatusOr<v1::ExplainRoutesRequest> request = MakeRequest(options);
  if (!request.ok()) return UsageError(MessageOf(request.status()));
  const Client client(options.client);
  v1::ExplainRoutesResponse response;
  if (options.config.empty()) {
    grpc::ClientContext context;
    client.Prepare(&context);
    const grpc::Status status = v1::AlertmanagerService::NewStub(client.channel())
                                    ->ExplainRoutes(&context, *request, &response);
    if (!status.ok()) return client.Finish(status);
  } else {
    absl::StatusOr<v1::ExplainRoutesResponse> explained = ExplainFile(options.config, *request);
    if (!explained.ok()) return Deliver(Refusal(kExitRefused, MessageOf(explained.status())));
    response = *std::move(explained);
  }
  Answer answer;
  answer.json = [&] { return JsonRoutes(response, with_outcome); };
  if (with_outcome) {
    answer.table = [&] { return StepTable(response); };
    answer.text = [&](const Terminal& terminal) { return StepText(response, terminal); };
  } else {
    answer.table = [&] { return TreeTable(response); };
  }
  return Deliver(client.Show(answer, StandardOutput()));
}

std::shared_ptr<RouteOptions> AddOptions(CLI::App* command) {
  auto options = std::make_shared<RouteOptions>();
  command->add_option("--config", options->config,
                      "The configuration to ask, a file of Alertmanager's; needs no server");
  options->client.AddTo(command);
  return options;
}

}  // namespace

void AddRoute(CLI::App* program, int* exit_status) {
  CLI::App* const route =
      program->add_subcommand("route", "Routes of the alert manager: show or test them");
  route->require_subcommand(1);
  CLI::App* const show = route->add_subcommand("show", "Show the tree of routes");
  auto show_options = AddOptions(show);
  show->footer(
      "Example:\n"
      "  vigil route show --config alertmanager.yml");
  show->callback([show_options, exit_status] { *exit_status = Run(*show_options, false); });
  CLI::App* const test =
      route->add_subcommand("test", "Show which receivers an alert would go to, and why");
  auto test_options = AddOptions(test);
  test->add_option("label", test_options->labels, "The alert's labels, label=value")->required();
  test->footer(
      "Examples:\n"
      "  vigil route test alertname=HighLatency severity=page team=search\n"
      "  vigil route test --config alertmanager.yml severity=page");
  test->callback([test_options, exit_status] { *exit_status = Run(*test_options, true); });
}

}  // namespace vigil::cli
