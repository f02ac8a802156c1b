// SPDX-License-Identifier: Apache-2.0
//
// `vigil silence add|list|expire`.
#include <cstdlib>
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
#include "cli/client.h"
#include "cli/command.h"
#include "proto/vigil/v1/alertmanager.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct AddOptions {
  ClientOptions client;
  std::vector<std::string> matchers;
  std::string start;
  std::string end;
  std::string duration = "1h";
  std::string author;
  std::string comment;
};

struct ListOptions {
  ClientOptions client;
  std::vector<std::string> matchers;
  bool expired = false;
};

struct ExpireOptions {
  ClientOptions client;
  std::vector<std::string> ids;
};

// A word without an operator is the name of an alert.
std::string MatcherOf(const std::string& word) {
  if (word.find_first_of("=~") != std::string::npos) return word;
  return fmt::format("alertname=\"{}\"", word);
}

std::string DefaultAuthor() {
  for (const char* const name : {"USER", "LOGNAME"}) {
    if (const char* const value = std::getenv(name); value != nullptr && *value != '\0') {
      return value;
    }
  }
  return "vigil";
}

absl::StatusOr<v1::SetSilenceRequest> MakeRequest(const AddOptions& options, int64_t now_ms) {
  v1::SetSilenceRequest request;
  v1::Silence& silence = *request.mutable_silence();
  for (const std::string& word : options.matchers) silence.add_matchers(MatcherOf(word));
  int64_t starts_at_ms = now_ms;
  if (!options.start.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(starts_at_ms, ParseInstantMs(options.start, now_ms), "--start");
    silence.set_starts_at_ms(starts_at_ms);
  }
  if (options.end.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(const int64_t duration_ms, ParseDurationMs(options.duration),
                                "--duration");
    if (duration_ms == 0) return absl::InvalidArgumentError("--duration must be more than 0");
    silence.set_ends_at_ms(starts_at_ms + duration_ms);
  } else {
    VIGIL_ASSIGN_OR_RETURN_WITH(const int64_t ends_at_ms, ParseInstantMs(options.end, now_ms),
                                "--end");
    silence.set_ends_at_ms(ends_at_ms);
  }
  silence.set_created_by(options.author.empty() ? DefaultAuthor() : options.author);
  silence.set_comment(options.comment);
  return request;
}

int RunAdd(const AddOptions& options) {
  const absl::StatusOr<v1::SetSilenceRequest> request = MakeRequest(options, SystemClock().NowMs());
  if (!request.ok()) return UsageError(MessageOf(request.status()));
  const Client client(options.client);
  v1::SetSilenceResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AlertmanagerService::NewStub(client.channel())->SetSilence(&context, *request, &response);
  if (!status.ok()) return client.Finish(status);
  const Answer answer = {.json =
                             [&] {
                               return Json{{"silenceID", response.id()}};
                             },
                         .table =
                             [&] {
                               Table table({"id"});
                               table.Add({response.id()});
                               return table;
                             },
                         .text = [&](const Terminal&) { return response.id() + "\n"; }};
  return Deliver(client.Show(answer, StandardOutput()));
}

Json JsonSilence(const v1::Silence& silence) {
  Json object;
  object["id"] = silence.id();
  object["status"] = {{"state", silence.state()}};
  object["updatedAt"] = FormatInstantMs(silence.updated_at_ms());
  object["comment"] = silence.comment();
  object["createdBy"] = silence.created_by();
  object["endsAt"] = FormatInstantMs(silence.ends_at_ms());
  object["matchers"] = Json::array();
  for (const std::string& matcher : silence.matchers()) object["matchers"].push_back(matcher);
  object["startsAt"] = FormatInstantMs(silence.starts_at_ms());
  return object;
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::string text;
  for (const std::string& one : texts) text += (text.empty() ? "" : " ") + one;
  return text;
}

Table SilenceTable(const v1::ListSilencesResponse& response) {
  const int64_t now_ms = SystemClock().NowMs();
  const auto time = [now_ms](int64_t time_ms) {
    return Cell(FormatInstantMs(time_ms), Ago(time_ms, now_ms));
  };
  Table table({"id", "state", "matchers", "starts", "ends", "by", "comment"});
  for (const v1::Silence& silence : response.silences()) {
    table.Add({silence.id(), silence.state(), Joined(silence.matchers()),
               time(silence.starts_at_ms()), time(silence.ends_at_ms()), silence.created_by(),
               silence.comment()});
  }
  return table;
}

int RunList(const ListOptions& options) {
  v1::ListSilencesRequest request;
  for (const std::string& word : options.matchers) request.add_matchers(MatcherOf(word));
  request.set_with_expired(options.expired);
  const Client client(options.client);
  v1::ListSilencesResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status = v1::AlertmanagerService::NewStub(client.channel())
                                  ->ListSilences(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  const Answer answer = {
      .json =
          [&] {
            Json silences = Json::array();
            for (const v1::Silence& silence : response.silences()) {
              silences.push_back(JsonSilence(silence));
            }
            return Json{{"silences", std::move(silences)}};
          },
      .table = [&] { return SilenceTable(response); },
      .when_empty = options.expired ? "there are no silences" : "no silence is active or pending"};
  return Deliver(client.Show(answer, StandardOutput()));
}

int RunExpire(const ExpireOptions& options) {
  const Client client(options.client);
  const auto stub = v1::AlertmanagerService::NewStub(client.channel());
  for (const std::string& id : options.ids) {
    v1::ExpireSilenceRequest request;
    request.set_id(id);
    v1::ExpireSilenceResponse response;
    grpc::ClientContext context;
    client.Prepare(&context);
    const grpc::Status status = stub->ExpireSilence(&context, request, &response);
    if (!status.ok()) return client.Finish(status);
  }
  return kExitOk;
}

void AddAdd(CLI::App* silence, int* exit_status) {
  auto options = std::make_shared<AddOptions>();
  CLI::App* const add = silence->add_subcommand("add", "Silence alerts for a while; prints the id");
  add->add_option("matcher", options->matchers,
                  "Which alerts: their name, or label=value, label!=value, label=~regex, "
                  "label!~regex; all must match")
      ->required();
  CLI::Option* const duration =
      add->add_option("-d,--duration", options->duration, "For how long from the start")
          ->capture_default_str();
  add->add_option("--end", options->end, "Until when, instead of a duration")->excludes(duration);
  add->add_option("--start", options->start, "From when on; now if it is not given");
  add->add_option("-a,--author", options->author, "Who wants it; you if it is not given");
  add->add_option("-c,--comment", options->comment, "Why")->required();
  options->client.AddTo(add);
  add->footer(
      "Example:\n"
      "  vigil silence add HighLatency 'cluster=~eu-.*' -d 2h -c 'new model is being rolled out'");
  add->callback([options, exit_status] { *exit_status = RunAdd(*options); });
}

void AddList(CLI::App* silence, int* exit_status) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* const list = silence->add_subcommand("list", "List silences");
  list->add_option("matcher", options->matchers, "Only silences that have these matchers");
  list->add_flag("--expired", options->expired, "Expired ones too");
  options->client.AddTo(list);
  list->footer(
      "Example:\n"
      "  vigil silence list --expired -o json");
  list->callback([options, exit_status] { *exit_status = RunList(*options); });
}

void AddExpire(CLI::App* silence, int* exit_status) {
  auto options = std::make_shared<ExpireOptions>();
  CLI::App* const expire = silence->add_subcommand("expire", "End silences now");
  expire->add_option("id", options->ids, "Their ids")->required();
  options->client.AddTo(expire);
  expire->footer(
      "Example:\n"
      "  vigil silence expire 7a0bd0f4-42a1-4c6a-9d52-1f6a3e5b7c10");
  expire->callback([options, exit_status] { *exit_status = RunExpire(*options); });
}

}  // namespace

void AddSilence(CLI::App* program, int* exit_status) {
  CLI::App* const silence =
      program->add_subcommand("silence", "Silences: add, list or expire them");
  silence->require_subcommand(1);
  AddAdd(silence, exit_status);
  AddList(silence, exit_status);
  AddExpire(silence, exit_status);
}

}  // namespace vigil::cli
