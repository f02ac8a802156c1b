// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/history.h"

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/testing/status_matchers.h"

namespace vigil::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::StatusIs;

std::string PathWith(std::map<std::string, std::string> variables) {
  return HistoryPath([&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(HistoryTest, LivesWhereStateLives) {
  EXPECT_EQ(PathWith({{"HOME", "/home/a"}}), "/home/a/.local/state/vigil/history");
  EXPECT_EQ(PathWith({{"HOME", "/home/a"}, {"XDG_STATE_HOME", "/state"}}), "/state/vigil/history");
  EXPECT_EQ(PathWith({{"HOME", "/home/a"}, {"XDG_STATE_HOME", "relative"}}),
            "/home/a/.local/state/vigil/history");
  EXPECT_EQ(PathWith({}), "");
}

TEST(HistoryTest, QuestionsAreKeptInOrderForTheirOwnerAlone) {
  const std::string path = ::testing::TempDir() + "history_test/a/b/history";
  EXPECT_THAT(LoadHistory(path), IsEmpty());
  ASSERT_OK(AddToHistory(path, "up"));
  ASSERT_OK(AddToHistory(path, "sum(up)"));
  EXPECT_THAT(LoadHistory(path), ElementsAre("up", "sum(up)"));
  struct stat facts = {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST(HistoryTest, OnlyTheNewestAreLoaded) {
  const std::string path = ::testing::TempDir() + "history_test_long";
  std::string text;
  for (size_t i = 0; i < kMaxHistory + 10; ++i) text += fmt::format("q{}\n", i);
  ASSERT_OK(WriteFile(path, text));
  const std::vector<std::string> questions = LoadHistory(path);
  ASSERT_EQ(questions.size(), kMaxHistory);
  EXPECT_EQ(questions.front(), "q10");
}

TEST(HistoryTest, AFolderThatCannotBeMadeIsTold) {
  EXPECT_THAT(AddToHistory("/proc/vigil/history", "up"), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace vigil::cli
