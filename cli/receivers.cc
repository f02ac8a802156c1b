// SPDX-License-Identifier: Apache-2.0
//
// `vigil receivers test`.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>
#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "alerting/manager/config.h"
#include "alerting/manager/receiver_trial.h"
#include "alerting/notify/curl_notifier.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/text/terminal.h"
#include "proto/vigil/v1/deliveries.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  ClientOptions client;
  std::string receiver;
  std::string config;
  double wait_s = 10;

  int64_t wait_ms() const { return static_cast<int64_t>(wait_s * kMillisPerSecond); }
};

Json JsonAnswers(const v1::TestReceiversResponse& response) {
  Json list = Json::array();
  for (const v1::TestAnswer& answer : response.answers()) {
    list.push_back({{"receiver", answer.receiver()},
                    {"integration", answer.integration()},
                    {"index", answer.index()},
                    {"delivered", answer.delivered()},
                    {"status", answer.status()},
                    {"error", answer.error()},
                    {"tookMs", answer.took_ms()}});
  }
  return {{"answers", std::move(list)}};
}

Table AnswerTable(const v1::TestReceiversResponse& response) {
  Table table({"receiver", "integration", "outcome", "status", "took", "error"});
  for (const v1::TestAnswer& answer : response.answers()) {
    table.Add({answer.receiver(), fmt::format("{}/{}", answer.integration(), answer.index()),
               answer.delivered() ? "delivered" : "failed",
               answer.status() == 0 ? "" : fmt::to_string(answer.status()),
               fmt::format("{} ms", answer.took_ms()), answer.error()});
  }
  return table;
}

// Sends from here, as the server would with that file.
absl::StatusOr<v1::TestReceiversResponse> TestFile(const Options& options) {
  VIGIL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(options.config));
  VIGIL_ASSIGN_OR_RETURN(const alerting::ManagerConfig config,
                         alerting::ParseManagerConfig(options.config, yaml));
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<alerting::Notifier> notifier,
                         alerting::StartCurlNotifier({.user_agent = "vigil"}));
  VIGIL_ASSIGN_OR_RETURN(
      const std::vector<alerting::TrialAnswer> answers,
      alerting::TryReceivers(config.receivers, options.receiver, "", SystemClock().NowMs(),
                             options.wait_ms(), notifier.get()));
  v1::TestReceiversResponse response;
  for (const alerting::TrialAnswer& answer : answers) {
    v1::TestAnswer* const message = response.add_answers();
    message->set_receiver(answer.receiver);
    message->set_integration(answer.kind);
    message->set_index(answer.index);
    message->set_delivered(answer.outcome.delivered);
    message->set_status(answer.outcome.http_status);
    message->set_error(answer.outcome.error);
    message->set_took_ms(answer.took_ms);
  }
  return response;
}

int ShowAnswers(const Client& client, const v1::TestReceiversResponse& response) {
  const int shown =
      Deliver(client.Show({.json = [&response] { return JsonAnswers(response); },
                           .table = [&response] { return AnswerTable(response); },
                           .when_empty = "there is nobody to tell: no receiver has an integration"},
                          StandardOutput()));
  bool all = true;
  for (const v1::TestAnswer& answer : response.answers()) all &= answer.delivered();
  return shown != kExitOk || all ? shown : kExitRefused;
}

int RunTest(const Options& options) {
  const Client client(options.client);
  if (!options.config.empty()) {
    const absl::StatusOr<v1::TestReceiversResponse> response = TestFile(options);
    if (!response.ok()) return Deliver(Refusal(kExitRefused, MessageOf(response.status())));
    return ShowAnswers(client, *response);
  }
  v1::TestReceiversRequest request;
  request.set_receiver(options.receiver);
  request.set_timeout_ms(options.wait_ms());
  v1::TestReceiversResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::DeliveryService::NewStub(client.channel())->TestReceivers(&context, request, &response);
  return status.ok() ? ShowAnswers(client, response) : client.Finish(status);
}

}  // namespace

void AddReceivers(CLI::App* program, int* exit_status) {
  CLI::App* const receivers =
      program->add_subcommand("receivers", "Receivers of notifications: test them");
  receivers->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* const test = receivers->add_subcommand(
      "test", "Send a test notification and show what each integration answers");
  test->add_option("name", options->receiver, "Only this receiver");
  test->add_option(
      "--config", options->config,
      "Test this file of an alert manager's configuration, from here, without a server");
  test->add_option("--wait", options->wait_s, "Seconds to wait for an answer")
      ->capture_default_str();
  options->client.AddTo(test);
  test->footer(
      "Examples:\n"
      "  vigil receivers test\n"
      "  vigil receivers test oncall --config alertmanager.yml");
  test->callback([options, exit_status] { *exit_status = RunTest(*options); });
}

}  // namespace vigil::cli
