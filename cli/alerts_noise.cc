// SPDX-License-Identifier: Apache-2.0
#include "cli/alerts_noise.h"

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
#include "cli/text/display.h"
#include "proto/vigil/v1/explain.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct NoiseOptions {
  ClientOptions client;
  std::string since = "7d";
  uint32_t limit = 50;
};

Json JsonNoise(const v1::RuleNoise& noise) {
  return {{"fired", noise.fired()},
          {"firingSeconds", JsonTime(noise.firing_ms())},
          {"medianSeconds", JsonTime(noise.median_ms())},
          {"notifications", noise.notifications()},
          {"alertsTold", noise.told()},
          {"savedByGrouping", noise.told() - noise.notifications()},
          {"silenced", noise.silenced()},
          {"inhibited", noise.inhibited()},
          {"muted", noise.muted()},
          {"shortLived", noise.short_lived()},
          {"failedAttempts", noise.failed()}};
}

Json ToJson(const v1::AlertNoiseResponse& response) {
  Json rules = Json::array();
  for (const v1::RuleNoise& noise : response.rules()) {
    Json rule = {{"rule", noise.rule()}};
    rule.update(JsonNoise(noise));
    rules.push_back(std::move(rule));
  }
  return {{"from", FormatInstantMs(response.from_ms())},
          {"to", FormatInstantMs(response.to_ms())},
          {"rules", std::move(rules)},
          {"total", JsonNoise(response.total())}};
}

std::string Rounded(int64_t span_ms) {
  return FormatDurationMs(span_ms - span_ms % kMillisPerSecond);
}

// So many of all firings; people read a share.
Cell Share(int64_t part, int64_t whole) {
  std::string readable;
  if (part > 0) readable = fmt::format("{:.0f}%", 100.0 * part / whole);
  return {fmt::to_string(part), std::move(readable)};
}

Table ToTable(const v1::AlertNoiseResponse& response) {
  Table table({"rule", "notified", "fired", "firing for", "median", "told", "saved", "silenced",
               "inhibited", "muted", "short", "failed"});
  for (const v1::RuleNoise& noise : response.rules()) {
    const int64_t fired = noise.fired();
    table.Add(
        {Cell(noise.rule(), noise.rule().empty() ? "(unknown)" : noise.rule()),
         fmt::to_string(noise.notifications()), fmt::to_string(fired),
         Cell(fmt::to_string(noise.firing_ms() / kMillisPerSecond), Rounded(noise.firing_ms())),
         Cell(fmt::to_string(noise.median_ms() / kMillisPerSecond), Rounded(noise.median_ms())),
         fmt::to_string(noise.told()), fmt::to_string(noise.told() - noise.notifications()),
         Share(noise.silenced(), fired), Share(noise.inhibited(), fired),
         Share(noise.muted(), fired), Share(noise.short_lived(), fired),
         fmt::to_string(noise.failed())});
  }
  return table;
}

std::string TotalText(const v1::AlertNoiseResponse& response) {
  const v1::RuleNoise& total = response.total();
  const int64_t unheard = total.silenced() + total.inhibited() + total.muted();
  std::string text = fmt::format(
      "in all: {} of {} ({} short-lived, {} told to nobody), {}, {} saved by grouping, {}\n",
      Plural(total.fired(), "firing"), Rounded(total.firing_ms()), total.short_lived(), unheard,
      Plural(total.notifications(), "notification"), total.told() - total.notifications(),
      Plural(total.failed(), "failed delivery attempt"));
  if (response.truncated()) text += "there are more rules: --limit 0 lists all\n";
  return text;
}

std::string ToText(const v1::AlertNoiseResponse& response, const Terminal& terminal) {
  const std::string span = Rounded(response.to_ms() - response.from_ms());
  const Table table = ToTable(response);
  if (table.rows() == 0) return fmt::format("no alert fired in the last {}\n", span);
  return table.ToText(terminal) + "\n" + TotalText(response);
}

int Run(const NoiseOptions& options) {
  const absl::StatusOr<int64_t> since_ms = ParseDurationMs(options.since);
  if (!since_ms.ok()) return UsageError(fmt::format("--since: {}", MessageOf(since_ms.status())));
  const int64_t now_ms = SystemClock().NowMs();
  v1::AlertNoiseRequest request;
  request.set_to_ms(now_ms);
  request.set_from_ms(std::max<int64_t>(1, now_ms - *since_ms));
  request.set_limit(options.limit);
  const Client client(options.client);
  grpc::ClientContext context;
  client.Prepare(&context);
  v1::AlertNoiseResponse response;
  const grpc::Status status =
      v1::ExplainService::NewStub(client.channel())->AlertNoise(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  return Deliver(client.Show(AnswerOf(response), StandardOutput()));
}

}  // namespace

Answer AnswerOf(const v1::AlertNoiseResponse& response) {
  return {.json = [&response] { return ToJson(response); },
          .table = [&response] { return ToTable(response); },
          .text = [&response](const Terminal& terminal) { return ToText(response, terminal); }};
}

void AddAlertsNoise(CLI::App* alerts, int* exit_status) {
  auto options = std::make_shared<NoiseOptions>();
  CLI::App* const command = alerts->add_subcommand(
      "noise",
      "Tell which rules make the most noise: firings, notifications, what was for nothing");
  command->add_option("--since", options->since, "Over so long until now")
      ->type_name("DURATION")
      ->capture_default_str();
  command->add_option("--limit", options->limit, "The loudest so many; 0: all")
      ->type_name("COUNT")
      ->capture_default_str();
  options->client.AddTo(command);
  command->footer(
      "Notified counts notifications, told the alerts in them, saved what grouping saved.\n"
      "Silenced, inhibited and muted are shares of firings that nobody was told of, short of "
      "those\n"
      "that ended within five minutes, failed counts attempts to deliver.\n"
      "Examples:\n"
      "  vigil alerts noise\n"
      "  vigil alerts noise --since 30d --limit 0 -o csv");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
