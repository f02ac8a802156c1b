// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include <fmt/format.h>
#include <re2/re2.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "alerting/replay/rule_test_report.h"
#include "alerting/replay/rule_tests.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/rules/rules.h"

namespace vigil::cli {
namespace {

struct TestOptions {
  std::vector<std::string> files;
  std::vector<std::string> run;
  std::string junit;
  std::string output = "text";
};

// The files of all patterns; NotFound when one matches none.
absl::StatusOr<std::vector<std::string>> FindTestFiles(const std::vector<std::string>& patterns) {
  std::vector<std::string> files;
  for (const std::string& pattern : patterns) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> matches, Glob(pattern));
    if (matches.empty()) return absl::NotFoundError(fmt::format("no such file: {}", pattern));
    files.insert(files.end(), matches.begin(), matches.end());
  }
  return files;
}

int RunTests(const TestOptions& options) {
  const std::string pattern = fmt::format("{}", fmt::join(options.run, "|"));
  const RE2 run(pattern, RE2::Quiet);
  if (!run.ok()) return UsageError(fmt::format("--run: {}", run.error()));
  alerting::RuleTestFilter filter;
  if (!options.run.empty()) {
    filter = [&run](std::string_view name) {
      return RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), run);
    };
  }
  const absl::StatusOr<std::vector<std::string>> files = FindTestFiles(options.files);
  if (!files.ok()) return UsageError(MessageOf(files.status()));
  // A rule that fails is told with its test.
  SetLogLevel(LogLevel::kError);
  std::vector<alerting::RuleTestFileOutcome> outcomes;
  bool ok = true;
  for (const std::string& file : *files) {
    outcomes.push_back(alerting::RunRuleTestFile(file, filter));
    ok &= outcomes.back().ok();
    // Each as it comes: a long run is watched.
    if (options.output == "text") Print(alerting::RuleTestText(outcomes.back()));
  }
  if (options.output == "json") Print(alerting::RuleTestJson(outcomes));
  if (!options.junit.empty()) {
    const absl::Status written = WriteFile(options.junit, alerting::RuleTestJUnit(outcomes));
    if (!written.ok()) return Deliver(Refusal(kExitRefused, MessageOf(written)));
  }
  return ok ? kExitOk : kExitRefused;
}

}  // namespace

void AddRulesTest(CLI::App* rules, int* exit_status) {
  auto options = std::make_shared<TestOptions>();
  CLI::App* const test = rules->add_subcommand(
      "test", "Run unit tests of rules, in promtool's format; needs no server");
  test->add_option("file", options->files, "Test files")->required();
  test->add_option("--run", options->run,
                   "Only tests whose names match the regular expression; repeatable")
      ->allow_extra_args(false);
  test->add_option("--junit", options->junit, "Write the results to this file as JUnit's XML");
  test->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  test->footer(
      "Exit status: 0 all pass, 1 some fail, 2 the command line is wrong.\n"
      "Example:\n"
      "  vigil rules test tests/*.yaml --run 'gpu|latency'");
  test->callback([options, exit_status] { *exit_status = RunTests(*options); });
}

}  // namespace vigil::cli
