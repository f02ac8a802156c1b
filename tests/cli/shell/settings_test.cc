// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/settings.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

TEST(SettingsTest, QuestionsAreAboutNowAtFirst) {
  const QueryCall call = ShellSettings().CallFor("up");
  EXPECT_EQ(call.query, "up");
  EXPECT_FALSE(call.is_range());
}

TEST(SettingsTest, ARangeHoldsUntilItIsOff) {
  ShellSettings settings;
  EXPECT_EQ(*ApplySetting("\\step", "1m", &settings), "points of a range are 1m apart");
  EXPECT_FALSE(settings.CallFor("up").is_range()) << "a step alone is for ranges to come";
  EXPECT_EQ(*ApplySetting("\\range", "2h", &settings), "questions are about the last 2h");
  const QueryCall call = settings.CallFor("up");
  EXPECT_EQ(call.range.last, "2h");
  EXPECT_EQ(call.step, "1m");
  EXPECT_EQ(*ApplySetting("\\range", "", &settings), "questions are about the last 2h");
  EXPECT_EQ(*ApplySetting("\\range", "off", &settings), "questions are about now");
  EXPECT_FALSE(settings.CallFor("up").is_range());
}

TEST(SettingsTest, PlotGoesOnAndOff) {
  ShellSettings settings;
  EXPECT_EQ(*ApplySetting("\\plot", "", &settings), "answers are drawn, over the last 1h");
  EXPECT_TRUE(settings.CallFor("up").plot);
  EXPECT_EQ(*ApplySetting("\\plot", "", &settings), "answers are printed");
  EXPECT_EQ(*ApplySetting("\\plot", "on", &settings), "answers are drawn, over the last 1h");
  EXPECT_TRUE(settings.plot);
  EXPECT_EQ(*ApplySetting("\\range", "off", &settings), "questions are about now");
  EXPECT_FALSE(settings.plot) << "there is no chart of an instant";
}

TEST(SettingsTest, FormatAndUnit) {
  ShellSettings settings;
  EXPECT_EQ(*ApplySetting("\\format", "csv", &settings), "answers are printed as csv");
  EXPECT_EQ(settings.format, OutputFormat::kCsv);
  EXPECT_EQ(*ApplySetting("\\format", "", &settings), "answers are printed as csv");
  EXPECT_EQ(*ApplySetting("\\unit", "bytes", &settings), "the unit of charts is bytes");
  EXPECT_EQ(settings.CallFor("up").unit, "bytes");
}

TEST(SettingsTest, MistakesChangeNothing) {
  ShellSettings settings;
  const auto refused = [&settings](const char* name, const char* argument, const char* words) {
    EXPECT_THAT(ApplySetting(name, argument, &settings),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(words)));
  };
  refused("\\range", "tea", "not a duration");
  refused("\\range", "0s", "shows nothing");
  refused("\\step", "-1m", "not a duration");
  refused("\\format", "xml", "table, json or csv");
  refused("\\unit", "miles", "percent");
  refused("\\plot", "perhaps", "on or off");
  EXPECT_EQ(settings.range, "");
  EXPECT_EQ(settings.step, "");
  EXPECT_EQ(settings.format, OutputFormat::kTable);
  EXPECT_THAT(ApplySetting("\\help", "", &settings), StatusIs(absl::StatusCode::kNotFound));
}

TEST(SettingsTest, HelpNamesAllCommands) {
  const std::string help = ShellHelp();
  for (const ShellCommand& command : ShellCommands()) {
    EXPECT_THAT(help, HasSubstr(std::string(command.name)));
    EXPECT_EQ(FindShellCommand(command.name), &command);
  }
  EXPECT_EQ(FindShellCommand("\\nonsense"), nullptr);
}

}  // namespace
}  // namespace vigil::cli
