// SPDX-License-Identifier: Apache-2.0
#include "cli/usage/usage_fault.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace vigil::cli {
namespace {

TEST(UsageFaultTest, NearestIsWhatWasMeant) {
  const std::vector<std::string> known = {"query",  "series", "labels",
                                          "status", "--plot", "--step"};
  EXPECT_EQ(Nearest("qurey", known), "query");
  EXPECT_EQ(Nearest("serie", known), "series");
  EXPECT_EQ(Nearest("stat", known), "status");
  EXPECT_EQ(Nearest("--plott", known), "--plot");
  EXPECT_EQ(Nearest("--stpe", known), "--step");
  EXPECT_EQ(Nearest("elephant", known), "");
  EXPECT_EQ(Nearest("", known), "");
  EXPECT_EQ(Nearest("x", {}), "");
}

// What is said about a command line.
std::string FaultOf(std::vector<std::string> arguments) {
  CLI::App program("", "vigil");
  program.require_subcommand(1);
  std::string query;
  bool plot = false;
  CLI::App* const command = program.add_subcommand("query");
  command->add_option("promql", query)->required();
  command->add_flag("-p,--plot", plot);
  CLI::App* const rules = program.add_subcommand("rules");
  rules->require_subcommand(1);
  rules->add_subcommand("check");
  std::reverse(arguments.begin(), arguments.end());
  try {
    program.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return UsageFault(program, error);
  }
  return "";
}

TEST(UsageFaultTest, SaysWhatIsWrongAndWhereHelpIs) {
  EXPECT_EQ(FaultOf({}), "error: vigil needs a command\nsee `vigil --help`\n");
  EXPECT_EQ(FaultOf({"qurey", "up"}),
            "error: vigil has no command qurey; did you mean query?\nsee `vigil --help`\n");
  EXPECT_EQ(FaultOf({"--plot"}), "error: vigil has no option --plot\nsee `vigil --help`\n");
  EXPECT_EQ(FaultOf({"query", "up", "--plott=1"}),
            "error: vigil query has no option --plott; did you mean --plot?\n"
            "see `vigil query --help`\n");
  EXPECT_EQ(FaultOf({"query"}), "error: promql is required\nsee `vigil query --help`\n");
  EXPECT_EQ(FaultOf({"query", "sum", "by"}),
            "error: \"by\" is too much: vigil query takes no further argument; a query with blanks "
            "goes into quotes\nsee `vigil query --help`\n");
  EXPECT_EQ(FaultOf({"rules"}), "error: vigil rules needs a command\nsee `vigil rules --help`\n");
  EXPECT_EQ(FaultOf({"rules", "chekc"}),
            "error: vigil rules has no command chekc; did you mean check?\n"
            "see `vigil rules --help`\n");
}

}  // namespace
}  // namespace vigil::cli
