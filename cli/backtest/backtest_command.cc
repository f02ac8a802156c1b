// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/backtest_command.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/time/time.h>
#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/status.h"
#include "cli/backtest/pages.h"
#include "cli/backtest/report.h"
#include "cli/backtest/verdicts.h"
#include "cli/client.h"
#include "cli/transfer/progress.h"
#include "proto/vigil/v1/backtest.grpc.pb.h"

namespace vigil::cli {
namespace {

constexpr const char* kFiring = "firing";
constexpr const char* kDifference = "difference";
constexpr const char* kFailure = "failure";
constexpr const char* kPages = "pages";
// Instead of a file: the configuration that the server runs with.
constexpr std::string_view kLive = "live";

struct BacktestOptions {
  ClientOptions client;
  std::vector<std::string> files;
  std::vector<std::string> against;
  std::string routes;
  std::string against_routes;
  std::string time_zone = "UTC";
  std::string from = "-1d";
  std::string to = "now";
  std::vector<std::string> fail_on;
  std::optional<int64_t> max_pages;

  bool FailsOn(std::string_view what) const {
    return std::find(fail_on.begin(), fail_on.end(), what) != fail_on.end();
  }
};

using RuleFiles = google::protobuf::RepeatedPtrField<v1::RuleFile>;

absl::Status ReadRuleFiles(const std::vector<std::string>& patterns, RuleFiles* files) {
  for (const std::string& pattern : patterns) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> paths, Glob(pattern));
    if (paths.empty()) return absl::NotFoundError(fmt::format("{}: no such file", pattern));
    for (const std::string& path : paths) {
      VIGIL_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
      v1::RuleFile* const file = files->Add();
      file->set_name(path);
      file->set_text(std::move(text));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadRoutes(const std::string& path, v1::BacktestRoutes* routes) {
  if (path == kLive) {
    routes->set_live(true);
    return absl::OkStatus();
  }
  VIGIL_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  routes->mutable_file()->set_name(path);
  routes->mutable_file()->set_text(std::move(text));
  return absl::OkStatus();
}

// What is asked of pages, and whether it can be answered.
absl::Status AddRoutes(const BacktestOptions& options, v1::BacktestRequest* request) {
  const auto needs_routes = [](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: name the alert manager's configuration with --routes (live: the server's)", what));
  };
  if (options.routes.empty()) {
    if (!options.against_routes.empty()) return needs_routes("--against-routes");
    if (options.max_pages.has_value()) return needs_routes("--max-pages");
    if (options.FailsOn(kPages)) return needs_routes("--fail-on pages");
    return absl::OkStatus();
  }
  if (options.FailsOn(kPages) && options.against.empty() && options.against_routes.empty()) {
    return absl::InvalidArgumentError(
        "--fail-on pages: there is nothing to compare with; name other rules with --against or "
        "another configuration with --against-routes");
  }
  request->set_time_zone(options.time_zone);
  VIGIL_RETURN_IF_ERROR(ReadRoutes(options.routes, request->mutable_routes()));
  if (options.against_routes.empty()) return absl::OkStatus();
  return ReadRoutes(options.against_routes, request->mutable_against_routes());
}

absl::StatusOr<v1::BacktestRequest> MakeRequest(const BacktestOptions& options) {
  v1::BacktestRequest request;
  const int64_t now_ms = SystemClock().NowMs();
  VIGIL_ASSIGN_OR_RETURN_WITH(const int64_t from_ms, ParseInstantMs(options.from, now_ms),
                              "--from");
  VIGIL_ASSIGN_OR_RETURN_WITH(const int64_t to_ms, ParseInstantMs(options.to, now_ms), "--to");
  if (to_ms < from_ms) {
    return absl::InvalidArgumentError("the end of the time range lies before its start");
  }
  if (options.against.empty() && options.FailsOn(kDifference)) {
    return absl::InvalidArgumentError(
        "--fail-on difference: there is nothing to differ from; name the other rules with "
        "--against");
  }
  request.set_from_ms(from_ms);
  request.set_to_ms(to_ms);
  VIGIL_RETURN_IF_ERROR(ReadRuleFiles(options.files, request.mutable_files()));
  VIGIL_RETURN_IF_ERROR(ReadRuleFiles(options.against, request.mutable_against()));
  VIGIL_RETURN_IF_ERROR(AddRoutes(options, &request));
  return request;
}

grpc::Status Ask(const Client& client, const v1::BacktestRequest& request, Verdicts* verdicts) {
  grpc::ClientContext context;
  // Progress shows that it goes on; days of data may take minutes.
  client.Prepare(&context, /*endless=*/true);
  const auto stub = v1::BacktestService::NewStub(client.channel());
  const auto stream = stub->Backtest(&context, request);
  ProgressBar bar("evaluations");
  v1::BacktestResponse response;
  while (stream->Read(&response)) {
    if (response.has_progress()) {
      bar.Update(response.progress().fraction(),
                 static_cast<uint64_t>(response.progress().evaluations()));
    } else if (response.has_rule()) {
      verdicts->Add(std::move(*response.mutable_rule()));
    } else if (response.has_pages()) {
      verdicts->Add(std::move(*response.mutable_pages()));
    } else if (response.has_end()) {
      verdicts->end = response.end();
    }
  }
  return stream->Finish();
}

int ExitStatusFor(const BacktestOptions& options, const Verdicts& verdicts) {
  const bool failed = (options.FailsOn(kFiring) && AnythingFires(verdicts)) ||
                      (options.FailsOn(kFailure) && AnythingFailed(verdicts)) ||
                      (options.FailsOn(kDifference) && !Compare(verdicts).differences.empty()) ||
                      (options.FailsOn(kPages) && PagesMore(verdicts)) ||
                      CountPages(verdicts) > options.max_pages.value_or(INT64_MAX);
  return failed ? kExitRefused : kExitOk;
}

int Run(const BacktestOptions& options) {
  const absl::StatusOr<v1::BacktestRequest> request = MakeRequest(options);
  if (!request.ok()) return UsageError(MessageOf(request.status()));
  Verdicts verdicts;
  if (!absl::LoadTimeZone(options.time_zone, &verdicts.time_zone)) {
    return UsageError(fmt::format(
        "--time-zone: \"{}\" is not known: give a name of the time zone database, such as "
        "Europe/Berlin, or UTC",
        options.time_zone));
  }
  const Client client(options.client);
  verdicts.from_ms = request->from_ms();
  verdicts.to_ms = request->to_ms();
  verdicts.compared = !options.against.empty();
  if (const grpc::Status status = Ask(client, *request, &verdicts); !status.ok()) {
    return client.Finish(status);
  }
  Reply reply = client.Show(AnswerOf(verdicts), StandardOutput());
  reply.err += WarningsOf(verdicts);
  reply.exit_status = ExitStatusFor(options, verdicts);
  return Deliver(reply);
}

void AddPageOptions(BacktestOptions* options, CLI::App* command) {
  command
      ->add_option("--routes", options->routes,
                   "Count whom the alert manager would have told with this configuration "
                   "(Alertmanager's YAML), or with the one that the server runs with (live)")
      ->type_name("FILE|live");
  command
      ->add_option("--against-routes", options->against_routes,
                   "Another such configuration to compare with: of the rules of --against, or of "
                   "the same")
      ->type_name("FILE|live");
  command
      ->add_option("--time-zone", options->time_zone,
                   "By whose clock nights, hours and days of pages are, such as Europe/Berlin")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--max-pages", options->max_pages,
                   "Exit with status 1 if there are more pages than that")
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

void AddRulesBacktest(CLI::App* rules, int* exit_status) {
  auto options = std::make_shared<BacktestOptions>();
  CLI::App* const command = rules->add_subcommand(
      "backtest", "Tell when alerts would have fired over the data that the server keeps");
  command->add_option("file", options->files, "Rule files")->required();
  command
      ->add_option("--from", options->from,
                   "Begin: RFC 3339, Unix seconds, or a distance from now such as -7d")
      ->type_name("TIME")
      ->capture_default_str();
  command->add_option("--to", options->to, "End, likewise")
      ->type_name("TIME")
      ->capture_default_str();
  command
      ->add_option("--against", options->against,
                   "Other rule files, such as the present ones: only what differs is told")
      ->type_name("FILE");
  AddPageOptions(options.get(), command);
  command
      ->add_option("--fail-on", options->fail_on,
                   "Exit with status 1 if an alert would have fired (firing), if the rules differ "
                   "in what they do (difference), if an evaluation failed (failure), or if there "
                   "are more pages than with the other rules or routes (pages); several with "
                   "commas between")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({kFiring, kDifference, kFailure, kPages}));
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil rules backtest rules/*.yaml --from -7d\n"
      "  vigil rules backtest new.yaml --against old.yaml --from -30d --fail-on difference\n"
      "  vigil rules backtest rules/*.yaml --routes new.yaml --against-routes live --from -30d");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
