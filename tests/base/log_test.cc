// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace vigil {
namespace {

using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

TEST(LogTest, EscapesForJson) {
  EXPECT_EQ(EscapeJson("plain \xc3\xa9"), "plain \xc3\xa9");
  EXPECT_EQ(EscapeJson("\"\\/\n\r\t"), R"(\"\\/\n\r\t)");
  EXPECT_EQ(EscapeJson(std::string("\0\x01\x1f\x7f", 4)), "\\u0000\\u0001\\u001f\x7f");
  EXPECT_EQ(EscapeJson("a\xff"
                       "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(EscapeJson(""), "");
}

// The line without its time.
std::string WithoutTime(const std::string& line) {
  const std::string begin = R"({"time":")";
  EXPECT_EQ(line.substr(0, begin.size()), begin);
  return line.substr(0, begin.size()) + line.substr(begin.size() + 24);
}

TEST(LogTest, WritesOneLineOfJson) {
  CaptureStderr();
  Log(LogLevel::kWarning, "a \"message\"",
      {{"text", "x\ny"},
       {"string", std::string("s")},
       {"int", -3},
       {"large", uint64_t{1} << 40},
       {"double", 0.5},
       {"infinite", std::numeric_limits<double>::infinity()},
       {"flag", true}});
  EXPECT_EQ(WithoutTime(GetCapturedStderr()),
            R"({"time":"","level":"warning","message":"a \"message\"","text":"x\ny","string":"s",)"
            R"("int":-3,"large":1099511627776,"double":0.5,"infinite":null,"flag":true})"
            "\n");
}

TEST(LogTest, DropsWhatIsBelowTheLevel) {
  const auto written = [](LogLevel level) {
    CaptureStderr();
    Log(level, "m");
    return !GetCapturedStderr().empty();
  };
  EXPECT_FALSE(written(LogLevel::kDebug));
  EXPECT_TRUE(written(LogLevel::kInfo));
  SetLogLevel(LogLevel::kError);
  EXPECT_FALSE(written(LogLevel::kWarning));
  EXPECT_TRUE(written(LogLevel::kError));
  SetLogLevel(LogLevel::kDebug);
  EXPECT_TRUE(written(LogLevel::kDebug));
  SetLogLevel(LogLevel::kInfo);
}

TEST(LogTest, LinesOfThreadsDoNotMix) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  const std::string message(300, 'x');
  CaptureStderr();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&message] {
      for (int i = 0; i < kLines; ++i) Log(LogLevel::kInfo, message);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string written = GetCapturedStderr();
  const std::vector<std::string_view> lines = Split(written, '\n');
  ASSERT_EQ(lines.size(), kThreads * kLines + 1);
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    EXPECT_TRUE(lines[i].starts_with("{\"time\"") && lines[i].ends_with("xx\"}")) << lines[i];
  }
}

}  // namespace
}  // namespace vigil
