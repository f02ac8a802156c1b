// SPDX-License-Identifier: Apache-2.0
//
// Files of rules and of their tests that are damaged at random: whatever is in them, they are read
// and run, or refused with a place, and nothing else happens.
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/replay/rule_test_file.h"
#include "alerting/replay/rule_test_run.h"
#include "alerting/rules/rule_file.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

constexpr unsigned kSeed = 17;
constexpr int kRounds = 6'000;
constexpr std::string_view kBytes = "{}[]:-&*<>|!'\"#,?\n \t%@`$=~()0123456789smhd_x+.\x80\xff";

// The files within the scripts: "=== NAME" and what stands below.
std::vector<std::string> ReadSeeds() {
  std::vector<std::string> seeds;
  for (const char* const name :
       {"alerts", "groups", "histograms", "mistakes", "series", "templates"}) {
    const auto script = ReadFile(fmt::format("tests/alerting/replay/testdata/{}.txt", name));
    EXPECT_OK(script);
    if (!script.ok()) continue;
    for (const std::string_view line : Split(*script, '\n')) {
      if (line.starts_with("=== ") || line == "----") {
        seeds.emplace_back();
      } else if (!seeds.empty()) {
        seeds.back() += std::string(line) + "\n";
      }
    }
  }
  return seeds;
}

std::string Damage(std::string text, std::mt19937* random) {
  const auto draw = [random](size_t count) { return (*random)() % count; };
  for (size_t edit = draw(4) + 1; edit > 0 && !text.empty(); --edit) {
    const size_t at = draw(text.size());
    const size_t length = draw(std::min<size_t>(text.size() - at, 40) + 1);
    switch (draw(4)) {
      case 0:
        text[at] = kBytes[draw(kBytes.size())];
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, 1, kBytes[draw(kBytes.size())]);
        break;
      case 3:
        text.insert(draw(text.size()), text.substr(at, length));
        break;
    }
  }
  return text;
}

void ExpectPlace(const absl::Status& status) {
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_TRUE(MessageOf(status).starts_with("f.yml:")) << status;
}

TEST(RuleTestMutationTest, DamagedFilesAreReadOrRefused) {
  SetLogLevel(LogLevel::kError);
  const std::vector<std::string> seeds = ReadSeeds();
  ASSERT_GT(seeds.size(), 100u);
  const auto rules = ParseRuleFile(
      "r.yml", "groups: [{name: g, rules: [{alert: A, expr: x}, {record: a, expr: x}]}]");
  ASSERT_OK(rules);
  std::mt19937 random(kSeed);
  int ran = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = Damage(seeds[random() % seeds.size()], &random);
    SCOPED_TRACE(text);
    const auto groups = ParseRuleFile("f.yml", text);
    if (!groups.ok()) ExpectPlace(groups.status());
    const auto file = ParseRuleTestFile("f.yml", text);
    if (!file.ok()) ExpectPlace(file.status());
    if (!file.ok()) continue;
    for (const RuleTest& test : file->tests) {
      // What takes long is no matter of damage.
      bool short_test = true;
      for (const AlertTest& alert : test.alert_tests) {
        short_test &= alert.eval_time_ms < 2'000 * file->evaluation_interval_ms;
      }
      for (const ExprTest& expr : test.expr_tests) {
        short_test &= expr.eval_time_ms < 2'000 * file->evaluation_interval_ms;
      }
      if (!short_test) continue;
      RunRuleTest(*file, test, *rules);
      ++ran;
    }
  }
  EXPECT_GT(ran, 50);
}

}  // namespace
}  // namespace vigil::alerting
