// SPDX-License-Identifier: Apache-2.0
#include "cli/deliveries.h"

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
#include "cli/command.h"
#include "cli/watch.h"
#include "proto/vigil/v1/deliveries.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  ClientOptions client;
  WatchOptions watch;
  std::string id;
  uint32_t limit = 100;
};

// "team/slack/0"
template <typename Message>
std::string ChannelOf(const Message& message) {
  return fmt::format("{}/{}/{}", message.receiver(), message.integration(), message.index());
}

std::string TimeText(int64_t unix_ms) { return unix_ms == 0 ? "" : FormatInstantMs(unix_ms); }

Json JsonUndelivered(const v1::Undelivered& undelivered) {
  Json object;
  object["id"] = undelivered.id();
  object["state"] = undelivered.state();
  object["receiver"] = undelivered.receiver();
  object["integration"] = undelivered.integration();
  object["index"] = undelivered.index();
  object["group"] = undelivered.group();
  object["decidedAt"] = TimeText(undelivered.flushed_at_ms());
  object["attempts"] = undelivered.attempts();
  object["nextAttempt"] = TimeText(undelivered.next_attempt_ms());
  object["lastError"] = undelivered.last_error();
  object["givenUpAt"] = TimeText(undelivered.given_up_at_ms());
  object["reason"] = undelivered.reason();
  if (!undelivered.notification().empty()) {
    object["notification"] = Json::parse(undelivered.notification(), nullptr, false);
  }
  return object;
}

Json JsonList(const v1::ListUndeliveredResponse& response) {
  Json list = Json::array();
  for (const v1::Undelivered& one : response.notifications()) list.push_back(JsonUndelivered(one));
  return {{"undelivered", std::move(list)}};
}

Table UndeliveredTable(const v1::ListUndeliveredResponse& response) {
  const int64_t now_ms = SystemClock().NowMs();
  Table table({"state", "id", "receiver", "decided", "attempts", "why", "group"});
  for (const v1::Undelivered& one : response.notifications()) {
    const std::string& why = one.reason().empty() ? one.last_error() : one.reason();
    table.Add({one.state(), one.id(), ChannelOf(one),
               Cell(FormatInstantMs(one.flushed_at_ms()), Ago(one.flushed_at_ms(), now_ms)),
               fmt::to_string(one.attempts()), why, one.group()});
  }
  return table;
}

Reply AskUndelivered(const Client& client, const std::string& id, const Terminal& terminal) {
  v1::ListUndeliveredRequest request;
  request.set_id(id);
  v1::ListUndeliveredResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::DeliveryService::NewStub(client.channel())->ListUndelivered(&context, request, &response);
  if (!status.ok()) return client.Refuse(status);
  return client.Show({.json = [&response] { return JsonList(response); },
                      .table = [&response] { return UndeliveredTable(response); },
                      .when_empty = "every notification has arrived"},
                     terminal);
}

int RunShow(const Options& options) {
  const Client client(options.client);
  v1::ListUndeliveredRequest request;
  request.set_id(options.id);
  v1::ListUndeliveredResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::DeliveryService::NewStub(client.channel())->ListUndelivered(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  Print(JsonUndelivered(response.notifications(0)).dump(2) + "\n");
  return kExitOk;
}

int RunResend(const Options& options) {
  const Client client(options.client);
  v1::ResendUndeliveredRequest request;
  request.set_id(options.id);
  v1::ResendUndeliveredResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status = v1::DeliveryService::NewStub(client.channel())
                                  ->ResendUndelivered(&context, request, &response);
  if (status.ok()) Print("on its way; see vigil alerts undelivered and vigil alerts deliveries\n");
  return client.Finish(status);
}

int RunDrop(const Options& options) {
  const Client client(options.client);
  v1::DropUndeliveredRequest request;
  request.set_id(options.id);
  v1::DropUndeliveredResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  return client.Finish(v1::DeliveryService::NewStub(client.channel())
                           ->DropUndelivered(&context, request, &response));
}

Json JsonDeliveries(const v1::ListDeliveriesResponse& response) {
  Json list = Json::array();
  for (const v1::DeliveryReceipt& one : response.deliveries()) {
    list.push_back({{"id", one.id()},
                    {"receiver", one.receiver()},
                    {"integration", one.integration()},
                    {"index", one.index()},
                    {"group", one.group()},
                    {"deliveredAt", TimeText(one.delivered_at_ms())},
                    {"attempts", one.attempts()},
                    {"status", one.status()}});
  }
  return {{"deliveries", std::move(list)}};
}

Table DeliveryTable(const v1::ListDeliveriesResponse& response) {
  const int64_t now_ms = SystemClock().NowMs();
  Table table({"delivered", "id", "receiver", "status", "attempts", "group"});
  for (const v1::DeliveryReceipt& one : response.deliveries()) {
    table.Add({Cell(FormatInstantMs(one.delivered_at_ms()), Ago(one.delivered_at_ms(), now_ms)),
               one.id(), ChannelOf(one), fmt::to_string(one.status()),
               fmt::to_string(one.attempts()), one.group()});
  }
  return table;
}

Reply AskDeliveries(const Client& client, uint32_t limit, const Terminal& terminal) {
  v1::ListDeliveriesRequest request;
  request.set_limit(limit);
  v1::ListDeliveriesResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::DeliveryService::NewStub(client.channel())->ListDeliveries(&context, request, &response);
  if (!status.ok()) return client.Refuse(status);
  return client.Show({.json = [&response] { return JsonDeliveries(response); },
                      .table = [&response] { return DeliveryTable(response); },
                      .when_empty = "nothing was delivered in the last days"},
                     terminal);
}

// `undelivered NAME ID`.
void AddAction(CLI::App* undelivered, const char* name, const char* help,
               int (*run)(const Options&), int* exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const command = undelivered->add_subcommand(name, help);
  command->add_option("id", options->id, "Id of the notification")->required();
  options->client.AddTo(command);
  command->footer(fmt::format("Example:\n  vigil alerts undelivered {} 1f2e3d4c5b6a7988-12", name));
  command->callback([options, run, exit_status] { *exit_status = run(*options); });
}

}  // namespace

void AddDeliveries(CLI::App* alerts, int* exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const undelivered =
      alerts->add_subcommand("undelivered", "Notifications that have not arrived");
  options->watch.AddTo(undelivered);
  options->client.AddTo(undelivered);
  undelivered->footer(
      "Examples:\n"
      "  vigil alerts undelivered\n"
      "  vigil alerts undelivered show ID\n"
      "  vigil alerts undelivered resend ID");
  undelivered->require_subcommand(0, 1);
  AddAction(undelivered, "show", "Show one, with what it tells", &RunShow, exit_status);
  AddAction(undelivered, "resend", "Try one anew", &RunResend, exit_status);
  AddAction(undelivered, "drop", "Forget one that was given up", &RunDrop, exit_status);
  undelivered->callback([undelivered, options, exit_status] {
    if (!undelivered->get_subcommands().empty()) return;
    const Client client(options->client);
    *exit_status = RunOrWatch(
        options->watch, "vigil alerts undelivered",
        [&client](const Terminal& terminal) { return AskUndelivered(client, "", terminal); });
  });
  auto delivered = std::make_shared<Options>();
  CLI::App* const deliveries =
      alerts->add_subcommand("deliveries", "The latest notifications that have arrived");
  deliveries->add_option("--limit", delivered->limit, "At most so many")->capture_default_str();
  delivered->watch.AddTo(deliveries);
  delivered->client.AddTo(deliveries);
  deliveries->footer("Example:\n  vigil alerts deliveries --limit 20");
  deliveries->callback([delivered, exit_status] {
    const Client client(delivered->client);
    *exit_status = RunOrWatch(delivered->watch, "vigil alerts deliveries",
                              [&client, &delivered](const Terminal& terminal) {
                                return AskDeliveries(client, delivered->limit, terminal);
                              });
  });
}

}  // namespace vigil::cli
