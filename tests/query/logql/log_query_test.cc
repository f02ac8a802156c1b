// SPDX-License-Identifier: Apache-2.0
//
// Log queries, driven by testdata/*.txt. Commands:
//   errors   each input line is a query; prints what is wrong with it
//   run      the first input line is a query; then come "stream NAME=VALUE" and "field NAME=VALUE",
//            which hold from there on, and "> TEXT", a line to put through the query's pipeline
//   required each input line is a query; prints the texts that kept lines must contain
#include "query/logql/log_query.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/logql/quantity.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::logql {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

// NAME and VALUE of the "WORD NAME=VALUE" in `line`.
std::pair<std::string, std::string> Assignment(std::string_view line) {
  const size_t blank = line.find(' ');
  const size_t equal = line.find('=');
  return {std::string(line.substr(blank + 1, equal - blank - 1)),
          std::string(line.substr(equal + 1))};
}

std::string ResultText(const LogLine& line) {
  std::string text = "keep";
  for (const Field& field : line.fields()) {
    // What exactly is wrong with JSON is the JSON library's to word.
    if (field.name == kErrorDetailsField && field.value.starts_with("[json")) continue;
    text +=
        fmt::format(" {}={}{}", field.name, storage::Quote(field.value), field.parsed ? "" : "*");
  }
  return text;
}

std::string RunPipeline(const std::string& input) {
  std::vector<std::string_view> lines = Split(input, '\n');
  const absl::StatusOr<LogQuery> query = ParseLogQuery(lines[0]);
  if (!query.ok()) return std::string(MessageOf(query.status()));
  storage::LabelsBuilder stream;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string output;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].starts_with("stream ")) {
      const auto [name, value] = Assignment(lines[i]);
      stream.Set(name, value);
    } else if (lines[i].starts_with("field ")) {
      fields.push_back(Assignment(lines[i]));
    } else {
      const storage::Labels labels = stream.Build();
      LogLine line(&labels);
      line.set_text(std::string(lines[i].substr(2)));
      for (const auto& [name, value] : fields) line.SetField(name, value);
      const bool kept = query->pipeline.Process(&line);
      output += fmt::format("{}\n    {}\n", lines[i], kept ? ResultText(line) : "drop");
    }
  }
  return output;
}

std::string RunCase(const testing::TextCase& text_case) {
  if (text_case.command == "run") return RunPipeline(text_case.input);
  std::string output;
  for (const std::string_view text : Split(text_case.input, '\n')) {
    const absl::StatusOr<LogQuery> query = ParseLogQuery(text);
    std::string answer = "OK";
    if (!query.ok()) {
      answer = MessageOf(query.status());
    } else if (text_case.command == "required") {
      answer = fmt::format("{}", query->pipeline.RequiredSubstrings());
    }
    output += fmt::format("{}\n    {}\n", text, answer);
  }
  return output;
}

class LogQueryScriptTest : public ::testing::TestWithParam<const char*> {};

TEST_P(LogQueryScriptTest, GivesWhatTheScriptSays) {
  testing::RunTextScript(fmt::format("tests/query/logql/testdata/{}.txt", GetParam()), RunCase);
}

INSTANTIATE_TEST_SUITE_P(Scripts, LogQueryScriptTest,
                         ::testing::Values("line_filters", "label_filters", "parsers", "errors"));

TEST(LogQueryTest, LimitsHold) {
  const std::string selector = R"({a="b"})";
  const std::string padding(kMaxLogQueryBytes, ' ');
  EXPECT_THAT(ParseLogQuery(selector + padding),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("input size too long")));
  const std::string parens(50'000, '(');
  EXPECT_THAT(ParseLogQuery(selector + "|" + parens),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nest deeper than 100")));
  std::string regexes = selector;
  for (int i = 0; i <= kMaxLogRegexes; ++i) regexes += R"(|~"x")";
  EXPECT_THAT(ParseLogQuery(regexes), StatusIs(absl::StatusCode::kInvalidArgument,
                                               HasSubstr("more than 1000 regular expressions")));
}

TEST(LogQueryTest, LongChainsOfFiltersAreFlat) {
  std::string query = R"({a="b"} | a="b")";
  for (int i = 0; i < 5'000; ++i) query += R"( or a="b" a="c")";
  EXPECT_OK(ParseLogQuery(query));
}

// A line can have any number of fields, at any depth; neither time nor memory may grow beyond use.
TEST(LogQueryTest, HostileJsonIsBounded) {
  ASSERT_OK_AND_ASSIGN(const LogQuery query, ParseLogQuery(R"({a="b"} | json)"));
  const storage::Labels stream;
  std::string wide = "{";
  for (int i = 0; i < 50'000; ++i) wide += fmt::format("\"k{}\":1,", i);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"k":1,"o":)";
  for (const std::string& text :
       {wide, deep, std::string(100'000, '['), R"({"a":)" + std::string(100'000, '[')}) {
    LogLine line(&stream);
    line.set_text(text);
    EXPECT_TRUE(query.pipeline.Process(&line));
    EXPECT_LE(line.fields().size(), kMaxParsedFields + 2);
    EXPECT_NE(line.Get(kErrorField), "");
  }
}

TEST(QuantityTest, Durations) {
  EXPECT_EQ(ParseGoDurationNs("1.5h"), 5400e9);
  EXPECT_EQ(ParseGoDurationNs("-1m30s"), -90e9);
  EXPECT_EQ(ParseGoDurationNs("10ms5us"), 10'005'000);
  EXPECT_EQ(ParseGoDurationNs("3µs"), 3000);
  EXPECT_EQ(ParseGoDurationNs("7ns"), 7);
  EXPECT_EQ(ParseGoDurationNs(".5s"), 5e8);
  EXPECT_EQ(ParseGoDurationNs("0"), 0);
  for (const char* const text :
       {"", "-", "5", "1d", "1.2.3s", "s", "1e3s", "1s ", "infs", "--1s"}) {
    EXPECT_EQ(ParseGoDurationNs(text), std::nullopt) << text;
  }
}

TEST(QuantityTest, Bytes) {
  EXPECT_EQ(ParseBytes("42MB"), 42e6);
  EXPECT_EQ(ParseBytes("1.5KiB"), 1536);
  EXPECT_EQ(ParseBytes("2 gb"), 2e9);
  EXPECT_EQ(ParseBytes("10"), 10);
  EXPECT_EQ(ParseBytes("1PiB"), 0x1p50);
  for (const char* const text : {"", "MB", "-1KB", "1XB", "1KBs", "1e3KB"}) {
    EXPECT_EQ(ParseBytes(text), std::nullopt) << text;
  }
}

TEST(QuantityTest, LiteralsAreOfTheFirstKindThatFits) {
  EXPECT_EQ(ParseQuantity("500")->kind, QuantityKind::kNumber);
  EXPECT_EQ(ParseQuantity("5m")->kind, QuantityKind::kDuration);
  EXPECT_EQ(ParseQuantity("1d")->value, 86400e9);
  EXPECT_EQ(ParseQuantity("5MB")->kind, QuantityKind::kBytes);
  EXPECT_FALSE(ParseQuantity("5x").has_value());
}

}  // namespace
}  // namespace vigil::logql
