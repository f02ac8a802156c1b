// SPDX-License-Identifier: Apache-2.0
#include "cli/alerts_explain.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/text/labels.h"
#include "proto/vigil/v1/explain.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

// Names of other alerts that fit on a screen beside a story.
constexpr int kMaxOthers = 10;

struct ExplainOptions {
  ClientOptions client;
  std::string alert;
  std::string at;
  std::string since = "24h";
  bool all = false;
  uint32_t limit = 20;
};

// `HighLatency{model="x"}`
std::string NameOf(const v1::NamedAlert& alert) {
  const std::string name = LabelOf(alert.labels(), "alertname");
  const std::string rest = LabelsText(alert.labels(), {"alertname"});
  return rest.empty() ? name : fmt::format("{}{{{}}}", name, rest);
}

std::string TimeOf(const v1::StoryStep& step) {
  return step.time_ms() == 0 ? "" : FormatInstantMs(step.time_ms());
}

Json JsonAlert(const v1::NamedAlert& alert) {
  Json object;
  object["labels"] = JsonLabels(alert.labels());
  if (alert.state().empty()) return object;
  object["fingerprint"] = alert.fingerprint();
  object["state"] = alert.state();
  object["changedAt"] = FormatInstantMs(alert.changed_at_ms());
  return object;
}

Json JsonStory(const v1::AlertStory& story) {
  Json object = JsonAlert(story.alert());
  object["at"] = FormatInstantMs(story.at_ms());
  object["steps"] = Json::array();
  for (const v1::StoryStep& step : story.steps()) {
    Json one;
    if (step.time_ms() != 0) one["time"] = TimeOf(step);
    one["step"] = step.kind();
    one["text"] = step.text();
    object["steps"].push_back(std::move(one));
  }
  object["paged"] = story.paged();
  object["verdict"] = story.verdict();
  return object;
}

Json ToJson(const v1::ExplainAlertResponse& response) {
  Json stories = Json::array();
  for (const v1::AlertStory& story : response.stories()) stories.push_back(JsonStory(story));
  Json others = Json::array();
  for (const v1::NamedAlert& alert : response.others()) others.push_back(JsonAlert(alert));
  return {{"stories", std::move(stories)}, {"others", std::move(others)}};
}

std::string_view VerdictName(const v1::AlertStory& story) {
  return story.paged() ? "paged" : "not paged";
}

Table ToTable(const v1::ExplainAlertResponse& response) {
  Table table({"alert", "time", "step", "text"});
  for (const v1::AlertStory& story : response.stories()) {
    const std::string name = NameOf(story.alert());
    for (const v1::StoryStep& step : story.steps()) {
      table.Add({name, TimeOf(step), step.kind(), step.text()});
    }
    table.Add({name, "", VerdictName(story), story.verdict()});
  }
  return table;
}

std::string StoryText(const v1::AlertStory& story, const Terminal& terminal) {
  const auto bold = [&terminal](const std::string& text) {
    return terminal.color ? fmt::format("\x1b[1m{}\x1b[0m", text) : text;
  };
  const std::string& state = story.alert().state();
  std::string text = Printable(NameOf(story.alert()));
  if (!state.empty()) text += fmt::format("  {}  {}", state, story.alert().fingerprint());
  text = bold(text) + "\n";
  size_t width = 0;
  for (const v1::StoryStep& step : story.steps()) width = std::max(width, step.kind().size());
  for (const v1::StoryStep& step : story.steps()) {
    // Lines are not cut: what matters is often at their end.
    text +=
        fmt::format("{:24}  {:{}}  {}\n", TimeOf(step), step.kind(), width, Printable(step.text()));
  }
  return text + bold(story.paged() ? "PAGED: " : "NOT PAGED: ") + Printable(story.verdict()) + "\n";
}

std::string OthersText(const v1::ExplainAlertResponse& response) {
  if (response.others().empty()) return "";
  std::string text;
  const int shown = std::min(kMaxOthers, response.others_size());
  for (int i = 0; i < shown; ++i) {
    const v1::NamedAlert& alert = response.others(i);
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", Printable(NameOf(alert)), alert.state());
  }
  if (shown < response.others_size()) {
    text += fmt::format(" and {} more", response.others_size() - shown);
  }
  return fmt::format("\nalso: {}; --all tells of them too\n", text);
}

std::string ToText(const v1::ExplainAlertResponse& response, const Terminal& terminal) {
  std::string text;
  for (const v1::AlertStory& story : response.stories()) {
    text += (text.empty() ? "" : "\n") + StoryText(story, terminal);
  }
  return text + OthersText(response);
}

// InvalidArgument for a text that is no time or duration.
absl::StatusOr<v1::ExplainAlertRequest> RequestOf(const ExplainOptions& options, int64_t now_ms) {
  v1::ExplainAlertRequest request;
  request.set_alert(options.alert);
  if (!options.at.empty() && options.at != "now") {
    VIGIL_ASSIGN_OR_RETURN_WITH(const int64_t at_ms, ParseInstantMs(options.at, now_ms), "--at");
    request.set_at_ms(at_ms);
  }
  VIGIL_ASSIGN_OR_RETURN_WITH(const int64_t since_ms, ParseDurationMs(options.since), "--since");
  request.set_since_ms(since_ms);
  request.set_limit(options.all ? options.limit : 1);
  return request;
}

int Run(const ExplainOptions& options) {
  const absl::StatusOr<v1::ExplainAlertRequest> request = RequestOf(options, SystemClock().NowMs());
  if (!request.ok()) return UsageError(MessageOf(request.status()));
  const Client client(options.client);
  grpc::ClientContext context;
  client.Prepare(&context);
  v1::ExplainAlertResponse response;
  const grpc::Status status =
      v1::ExplainService::NewStub(client.channel())->ExplainAlert(&context, *request, &response);
  if (!status.ok()) return client.Finish(status);
  return Deliver(client.Show(AnswerOf(response), StandardOutput()));
}

}  // namespace

Answer AnswerOf(const v1::ExplainAlertResponse& response) {
  return {.json = [&response] { return ToJson(response); },
          .table = [&response] { return ToTable(response); },
          .text = [&response](const Terminal& terminal) { return ToText(response, terminal); }};
}

void AddAlertsExplain(CLI::App* alerts, int* exit_status) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* const command = alerts->add_subcommand(
      "explain",
      "Tell why an alert paged, or what holds it back: from its samples to each delivery");
  command
      ->add_option("alert", options->alert,
                   "Its name, a selector such as 'HighLatency{model=\"x\"}', or its fingerprint")
      ->required();
  command
      ->add_option("--at", options->at,
                   "What was the case then: RFC 3339, Unix seconds, or a distance from now such as "
                   "-1h (default: now)")
      ->type_name("TIME");
  command->add_option("--since", options->since, "How long before that the story begins")
      ->type_name("DURATION")
      ->capture_default_str();
  command->add_flag("--all", options->all, "Tell of all alerts that match, not only the newest");
  command->add_option("--limit", options->limit, "With --all: at most so many")
      ->type_name("COUNT")
      ->capture_default_str();
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil alerts explain HighLatency\n"
      "  vigil alerts explain 'HighLatency{model=\"x\"}' --at -2h\n"
      "  vigil alerts explain '{severity=\"page\"}' --all -o json");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
