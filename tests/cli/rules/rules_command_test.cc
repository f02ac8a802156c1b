// SPDX-License-Identifier: Apache-2.0
//
// The commands of `vigil rules` that need no server, from the command line to the exit status.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/file.h"
#include "cli/client.h"
#include "cli/command.h"
#include "tests/testing/status_matchers.h"

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;

class RulesCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(MakeDirectories(directory_));
    ASSERT_OK(WriteFile(Path("r.yml"), "groups: [{name: g, rules: [{alert: A, expr: x > 1}]}]"));
    ASSERT_OK(WriteFile(Path("bad.yml"), "groups: [{}]"));
    ASSERT_OK(WriteFile(Path("t.yml"),
                        "rule_files: [r.yml]\ntests:\n- {name: one}\n- name: two\n"
                        "  alert_rule_test: [{alertname: A, exp_alerts: [{}]}]\n"));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  // The exit status; what is printed is in `out_`.
  int Run(std::vector<std::string> arguments) {
    CLI::App program;
    int exit_status = -1;
    AddRules(&program, &exit_status);
    arguments.insert(arguments.begin(), "rules");
    std::reverse(arguments.begin(), arguments.end());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    program.parse(arguments);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return exit_status;
  }

  const std::string directory_ = ::testing::TempDir() + "/rules_command";
  std::string out_;
  std::string err_;
};

TEST_F(RulesCommandTest, Check) {
  EXPECT_EQ(Run({"check", Path("r.yml")}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("r.yml: OK: 1 group, 1 rule (1 alerting, 0 recording)\n"));
  EXPECT_EQ(Run({"check", Path("r.yml"), Path("bad.yml")}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("bad.yml:1:10: group \"\": Groupname must not be empty\n"));
  EXPECT_EQ(Run({"check", Path("bad.yml"), "-o", "json"}), kExitRefused);
  EXPECT_THAT(out_, HasSubstr("{\"ok\":false,"));
}

TEST_F(RulesCommandTest, Test) {
  EXPECT_EQ(Run({"test", Path("t.yml")}), kExitRefused);
  EXPECT_THAT(out_, HasSubstr("t.yml: FAILED (1 of 2 tests)\n"));
  EXPECT_EQ(Run({"test", Path("t.yml"), "--run", "^one$"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("t.yml: SUCCESS (1 test)\n"));
  EXPECT_EQ(Run({"test", "--run", "three", "--run", "two", Path("t*.yml"), "-o", "json"}),
            kExitRefused);
  EXPECT_THAT(out_, HasSubstr("\"name\":\"two\""));
  EXPECT_EQ(Run({"test", Path("t.yml"), "--run", "("}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--run: "));
  EXPECT_EQ(Run({"test", Path("nosuch.yml")}), kExitUsage);
}

TEST_F(RulesCommandTest, JUnit) {
  EXPECT_EQ(Run({"test", Path("t.yml"), "--junit", Path("out.xml")}), kExitRefused);
  ASSERT_OK_AND_ASSIGN(const std::string xml, ReadFile(Path("out.xml")));
  EXPECT_THAT(xml, HasSubstr("<testcase name=\"one\""));
  EXPECT_EQ(Run({"test", Path("t.yml"), "--junit", Path("nosuch/out.xml")}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("nosuch/out.xml"));
}

}  // namespace
}  // namespace vigil::cli
