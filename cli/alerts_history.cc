// SPDX-License-Identifier: Apache-2.0
#include "cli/alerts_history.h"

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "cli/client.h"
#include "cli/time_options.h"
#include "proto/vigil/v1/alerts.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint32_t kDefaultLimit = 1000;

struct HistoryOptions {
  ClientOptions client;
  OpenTimeOptions time;
  std::vector<std::string> matchers;
  std::vector<std::string> rules;
  std::vector<std::string> changes;
  uint32_t limit = kDefaultLimit;
};

Json JsonChange(const v1::AlertChange& change) {
  Json object;
  object["time"] = FormatInstantMs(change.time_ms());
  object["change"] = change.change();
  if (!change.reason().empty()) object["reason"] = change.reason();
  object["group"] = change.group();
  object["rule"] = change.rule();
  object["labels"] = JsonLabels(change.labels());
  object["annotations"] = JsonLabels(change.annotations());
  object["value"] = FormatValue(change.value());
  object["activeAt"] = FormatInstantMs(change.active_at_ms());
  if (change.fired_at_ms() != 0) object["firedAt"] = FormatInstantMs(change.fired_at_ms());
  if (change.has_evidence()) object["evidence"] = JsonEvidence(change.evidence());
  return object;
}

Json ToJson(const v1::AlertHistoryResponse& response) {
  Json changes = Json::array();
  for (auto change = response.changes().rbegin(); change != response.changes().rend(); ++change) {
    changes.push_back(JsonChange(*change));
  }
  return {{"changes", std::move(changes)}};
}

// How long the alert was what it is no more: pending before it fired, firing before it was
// resolved.
std::string Lasted(const v1::AlertChange& change) {
  if (change.change() == "pending") return "";
  const bool ended = change.change() == "resolved" || change.fired_at_ms() != change.time_ms();
  const int64_t since_ms =
      ended && change.fired_at_ms() != 0 ? change.fired_at_ms() : change.active_at_ms();
  return change.time_ms() == since_ms ? "" : FormatDurationMs(change.time_ms() - since_ms);
}

Table ToTable(const v1::AlertHistoryResponse& response) {
  Table table({"time", "change", "alert", "after", "value", "labels", "reason", "summary"});
  for (auto change = response.changes().rbegin(); change != response.changes().rend(); ++change) {
    table.Add({FormatInstantMs(change->time_ms()), change->change(),
               LabelOf(change->labels(), "alertname"), Lasted(*change),
               FormatValue(change->value()), PlainLabels(change->labels()), change->reason(),
               LabelOf(change->annotations(), "summary")});
  }
  return table;
}

template <typename List>
void Assign(const std::vector<std::string>& texts, List* list) {
  list->Assign(texts.begin(), texts.end());
}

int Run(const HistoryOptions& options) {
  const absl::StatusOr<OpenTimeRange> range = options.time.Resolve(SystemClock().NowMs());
  if (!range.ok()) return UsageError(MessageOf(range.status()));
  v1::AlertHistoryRequest request;
  request.set_from_ms(range->start_ms.value_or(0));
  request.set_to_ms(range->end_ms.value_or(0));
  Assign(options.matchers, request.mutable_matchers());
  Assign(options.rules, request.mutable_rules());
  Assign(options.changes, request.mutable_changes());
  request.set_limit(options.limit);
  const Client client(options.client);
  grpc::ClientContext context;
  client.Prepare(&context);
  v1::AlertHistoryResponse response;
  const grpc::Status status =
      v1::AlertService::NewStub(client.channel())->AlertHistory(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  Reply reply = client.Show(AnswerOf(response), StandardOutput());
  if (response.truncated()) {
    reply.err += fmt::format("warning: these are the newest {}; --limit tells more\n",
                             response.changes_size());
  }
  return Deliver(reply);
}

}  // namespace

std::string PlainLabels(const LabelList& labels) {
  std::string text;
  for (const v1::Label& label : labels) {
    if (label.name() == "alertname") continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", label.name(), label.value());
  }
  return text;
}

Json JsonEvidence(const v1::AlertEvidence& evidence) {
  Json object;
  if (evidence.has_threshold()) object["threshold"] = FormatValue(evidence.threshold());
  object["query"] = evidence.query();
  object["traceIds"] = Json::array();
  for (const std::string& id : evidence.trace_ids()) object["traceIds"].push_back(id);
  return object;
}

void AddAlertFilters(CLI::App* command, std::vector<std::string>* matchers,
                     std::vector<std::string>* rules) {
  command->add_option("matcher", *matchers,
                      "Alerts with such labels alone, for example severity=page or 'job=~\"a|b\"'");
  command->add_option("--rule", *rules, "Alerts of the rules of that name alone")
      ->type_name("NAME")
      ->expected(1)
      ->take_all();
}

Answer AnswerOf(const v1::AlertHistoryResponse& response) {
  return {.json = [&response] { return ToJson(response); },
          .table = [&response] { return ToTable(response); },
          .when_empty = "no alert changed its state in this range"};
}

void AddAlertsHistory(CLI::App* alerts, int* exit_status) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* const command =
      alerts->add_subcommand("history", "List what became of alerts: when they fired and ended");
  AddAlertFilters(command, &options->matchers, &options->rules);
  command
      ->add_option("--change", options->changes,
                   "Such changes alone: pending, firing, resolved, forgotten")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"pending", "firing", "resolved", "forgotten"}));
  options->time.AddTo(command, "change");
  command->add_option("--limit", options->limit, "The newest so many; 0: all")
      ->type_name("COUNT")
      ->capture_default_str();
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil alerts history --from -1d\n"
      "  vigil alerts history severity=page --change firing,resolved -o csv");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
