// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_tests.h"

#include <filesystem>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/replay/rule_test_report.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::vigil::testing::TextCase;

// A directory with files in it, removed in the end.
class Files {
 public:
  explicit Files(const std::string& name)
      : directory_(
            (std::filesystem::path(::testing::TempDir()) / name).lexically_normal().string()) {}
  ~Files() { std::filesystem::remove_all(directory_); }

  std::string Path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  void Write(std::string_view name, std::string_view text) const {
    const std::string path = Path(name);
    ASSERT_OK(MakeDirectories(std::filesystem::path(path).parent_path().string()));
    ASSERT_OK(WriteFile(path, text));
  }
  // `text` without the directory.
  std::string Shorten(std::string text) const {
    for (size_t at; (at = text.find(directory_ + "/")) != std::string::npos;) {
      text.erase(at, directory_.size() + 1);
    }
    return text;
  }

 private:
  const std::string directory_;
};

// Writes the files of a case, "=== NAME" and what stands below.
void WriteParts(std::string_view input, const Files& files) {
  std::string name;
  std::string text;
  const auto flush = [&] {
    if (!name.empty()) files.Write(name, text);
    text.clear();
  };
  for (const std::string_view line : Split(input, '\n')) {
    if (line.starts_with("=== ")) {
      flush();
      name = line.substr(4);
    } else {
      text += line;
      text += '\n';
    }
  }
  flush();
}

std::string RunCase(const TextCase& text_case) {
  const Files files("rule_tests_script");
  WriteParts(text_case.input, files);
  return files.Shorten(RuleTestText(RunRuleTestFile(files.Path("t.yml"), nullptr)));
}

class RuleTestScript : public ::testing::TestWithParam<const char*> {
 protected:
  RuleTestScript() { SetLogLevel(LogLevel::kError); }
};

TEST_P(RuleTestScript, Script) {
  ::vigil::testing::RunTextScript(
      std::string("tests/alerting/replay/testdata/") + GetParam() + ".txt", RunCase);
}

INSTANTIATE_TEST_SUITE_P(All, RuleTestScript,
                         ::testing::Values("alerts", "groups", "histograms", "mistakes", "series",
                                           "start", "templates"),
                         [](const auto& info) { return std::string(info.param); });

class RuleTestsTest : public ::testing::Test {
 protected:
  RuleTestsTest() : files_("rule_tests") {
    files_.Write("r.yml", "groups: [{name: g, rules: [{alert: A, expr: x > 1}]}]");
    files_.Write("t.yml", R"(rule_files: [r.yml]
tests:
- name: good
  input_series: [{series: x, values: 1 2}]
  alert_rule_test: [{eval_time: 1m, alertname: A, exp_alerts: [{}]}]
- name: bad
  input_series: [{series: x, values: 1 2}]
  alert_rule_test: [{eval_time: 0, alertname: A, exp_alerts: [{exp_labels: {a: "<b>"}}]}]
  promql_expr_test: [{expr: x, eval_time: 0, exp_samples: [{labels: x, value: .nan}]}]
- promql_expr_test: [{expr: '1', exp_samples: [{value: 1}]}]
)");
  }

  const Files files_;
};

TEST_F(RuleTestsTest, TheFilterChoosesByName) {
  const auto outcome =
      RunRuleTestFile(files_.Path("t.yml"), [](std::string_view name) { return name != "bad"; });
  EXPECT_TRUE(outcome.ok());
  ASSERT_THAT(outcome.tests, SizeIs(2));
  EXPECT_EQ(outcome.tests[0].name, "good");
  EXPECT_EQ(outcome.tests[1].name, "unnamed#2");
}

TEST_F(RuleTestsTest, NothingIsLoadedForNoTest) {
  files_.Write("r.yml", "nonsense");
  EXPECT_TRUE(RunRuleTestFile(files_.Path("t.yml"), [](std::string_view) { return false; }).ok());
  const auto outcome = RunRuleTestFile(files_.Path("t.yml"), nullptr);
  EXPECT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.FailedTests(), 3u);
  EXPECT_THAT(outcome.error, HasSubstr("r.yml:1:1: "));
}

TEST_F(RuleTestsTest, Json) {
  auto outcome = RunRuleTestFile(files_.Path("t.yml"), nullptr);
  outcome.path = "t.yml";
  for (RuleTestOutcome& test : outcome.tests) test.seconds = 0;
  EXPECT_EQ(RuleTestJson({outcome}),
            R"({"ok":false,"files":[{"file":"t.yml","ok":false,"warnings":[],"tests":[)"
            R"({"name":"good","line":3,"column":3,"ok":true,"seconds":0.0,"failures":[]},)"
            R"({"name":"bad","line":6,"column":3,"ok":false,"seconds":0.0,"failures":[)"
            R"({"kind":"alerts","line":8,"column":21,"time":"0s","alertname":"A",)"
            R"("exp":[{"labels":{"a":"<b>","alertname":"A"},"annotations":{}}],"got":[],)"
            R"("difference":"does not fire: {a=\"<b>\", alertname=\"A\"} {}\n"},)"
            R"({"kind":"expr","line":9,"column":22,"time":"0s","expr":"x",)"
            R"("exp":[{"labels":{"__name__":"x"},"value":"NaN"}],)"
            R"("got":[{"labels":{"__name__":"x"},"value":"1"}],)"
            R"("difference":"value of x:\n  exp: NaN\n  got: 1\n"}]},)"
            R"({"name":"unnamed#2","line":10,"column":3,"ok":true,"seconds":0.0,"failures":[]}]}]})"
            "\n");
}

TEST_F(RuleTestsTest, JUnit) {
  auto outcome = RunRuleTestFile(files_.Path("t.yml"), nullptr);
  outcome.path = "t.yml";
  for (RuleTestOutcome& test : outcome.tests) test.seconds = 0;
  const std::string xml = RuleTestJUnit({outcome});
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"t.yml\" tests=\"3\" failures=\"1\" errors=\"0\">"));
  EXPECT_THAT(xml, HasSubstr("<testcase name=\"good\" file=\"t.yml\" line=\"3\" "
                             "time=\"0.000000\"/>"));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"t.yml:8:21, alert A at 0s\">exp:&#10;"));
  EXPECT_THAT(xml, HasSubstr("&quot;&lt;b&gt;&quot;"));
}

TEST_F(RuleTestsTest, AFileThatIsNotThere) {
  const auto outcome = RunRuleTestFile(files_.Path("nosuch.yml"), nullptr);
  EXPECT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.tests, IsEmpty());
  EXPECT_THAT(RuleTestText(outcome), HasSubstr("nosuch.yml: FAILED\n"));
  EXPECT_THAT(RuleTestJUnit({outcome}), HasSubstr("errors=\"1\""));
}

TEST_F(RuleTestsTest, TestsWithoutEndAreRefused) {
  files_.Write("t.yml",
               "evaluation_interval: 1ms\n"
               "tests: [{name: long, promql_expr_test: [{expr: '1', eval_time: 1y}]}]");
  const auto outcome = RunRuleTestFile(files_.Path("t.yml"), nullptr);
  ASSERT_THAT(outcome.tests, SizeIs(1));
  ASSERT_THAT(outcome.tests[0].failures, SizeIs(1));
  EXPECT_THAT(outcome.tests[0].failures[0].message, HasSubstr("more than 10000000 evaluations"));
}

}  // namespace
}  // namespace vigil::alerting
