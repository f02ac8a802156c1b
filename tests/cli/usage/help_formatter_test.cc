// SPDX-License-Identifier: Apache-2.0
#include "cli/usage/help_formatter.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <CLI/Validators.hpp>

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HelpFormatterTest, SaysWhatOptionsTakeAndWhatHoldsWithoutThem) {
  CLI::App program("", "vigil");
  program.formatter(std::make_shared<HelpFormatter>());
  CLI::App* const command = program.add_subcommand("query", "Ask");
  std::string text = "here";
  std::vector<std::string> files;
  bool flag = false;
  double seconds = 120;
  command->add_option("promql", text, "The expression")->required();
  command->add_option("--server", text, "Where")
      ->type_name("HOST:PORT")
      ->envname("VIGIL_SERVER")
      ->capture_default_str();
  command->add_option("--timeout", seconds, "How long")
      ->type_name("SECONDS")
      ->check(CLI::Range(1., 9.));
  command->add_option("-o,--output", text, "How")->check(CLI::IsMember({"table", "csv"}));
  command->add_option("--rules", files, "Files")->type_name("GLOB");
  command->add_flag("--plot", flag, "Draw");
  const std::string help = command->help("vigil");
  EXPECT_THAT(help, HasSubstr("Usage: vigil query [OPTIONS] promql\n"));
  EXPECT_THAT(help, HasSubstr("Arguments:\n  promql                          The expression\n"));
  EXPECT_THAT(help,
              HasSubstr("--server HOST:PORT              Where (default: here) [VIGIL_SERVER]"));
  EXPECT_THAT(help, HasSubstr("--timeout SECONDS               How long\n"));
  EXPECT_THAT(help, HasSubstr("-o,--output {table,csv}         How\n"));
  EXPECT_THAT(help, HasSubstr("--rules GLOB ...                Files\n"));
  EXPECT_THAT(help, HasSubstr("--plot                          Draw\n"));
  EXPECT_THAT(help, Not(HasSubstr("TEXT")));
  EXPECT_THAT(program.help(), HasSubstr("Commands:\n  query                           Ask\n"));
}

}  // namespace
}  // namespace vigil::cli
