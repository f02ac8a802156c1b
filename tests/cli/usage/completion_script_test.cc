// SPDX-License-Identifier: Apache-2.0
#include "cli/usage/completion_script.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;

class CompletionScriptTest : public ::testing::Test {
 protected:
  CompletionScriptTest() : program_("", "vigil") {
    CLI::App* const query = program_.add_subcommand("query", "Ask: it's easy");
    query->add_option("promql", text_);
    query->add_option("-o,--output", text_, "How")->check(CLI::IsMember({"table", "csv"}));
    query->add_flag("--plot", flag_, "Draw [it]");
    CLI::App* const rules = program_.add_subcommand("rules", "Rules");
    rules->add_subcommand("check", "Check")->add_option("--deep", text_, "More");
  }

  CLI::App program_;
  std::string text_;
  bool flag_ = false;
};

TEST_F(CompletionScriptTest, Bash) {
  const std::string script = BashCompletion(program_);
  EXPECT_THAT(script, HasSubstr("'query') words='--help -h --output -o --plot' ;;"));
  EXPECT_THAT(script, HasSubstr("'rules check') words='--help -h --deep' ;;"));
  EXPECT_THAT(script, HasSubstr("-o|--output) words='table csv' ;;"));
  EXPECT_THAT(script, HasSubstr("complete -o default -F _vigil vigil"));
}

TEST_F(CompletionScriptTest, Zsh) {
  const std::string script = ZshCompletion(program_);
  EXPECT_THAT(script, HasSubstr("'query:Ask\\: it'\\''s easy'"));
  EXPECT_THAT(script, HasSubstr("{-o,--output}'[How]:value:(table csv)'"));
  EXPECT_THAT(script, HasSubstr("'--plot[Draw \\[it\\]]'"));
}

TEST_F(CompletionScriptTest, Fish) {
  const std::string script = FishCompletion(program_);
  EXPECT_THAT(script, HasSubstr("complete -c vigil -f -n '__fish_use_subcommand' -a query -d "
                                "'Ask: it'\\''s easy'"));
  EXPECT_THAT(script,
              HasSubstr("complete -c vigil -n '__fish_seen_subcommand_from query' -l output "
                        "-s o -r -f -a 'table csv' -d 'How'"));
  EXPECT_THAT(script, HasSubstr("'__fish_seen_subcommand_from rules; and "
                                "__fish_seen_subcommand_from check' -l deep -r -d 'More'"));
}

}  // namespace
}  // namespace vigil::cli
