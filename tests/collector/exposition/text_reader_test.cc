// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/text_reader.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "tests/collector/exposition/read_all.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

using testing::Exposition;
using ::testing::HasSubstr;
using testing::ReadAll;
using testing::ToText;
using vigil::testing::StatusIs;
using vigil::testing::TextCase;

absl::StatusOr<Exposition> Parse(std::string_view text, bool open_metrics) {
  return ReadAll(MakeTextReader(text, open_metrics).get());
}

TEST(TextReaderTest, Script) {
  const auto run = [](const TextCase& text_case) -> std::string {
    const auto exposition = Parse(text_case.input + "\n", text_case.command == "openmetrics");
    return exposition.ok() ? ToText(*exposition) : std::string(MessageOf(exposition.status()));
  };
  vigil::testing::RunTextScript("tests/collector/exposition/testdata/text_reader.txt", run);
}

TEST(TextReaderTest, LinesEndWithALineFeedAlone) {
  EXPECT_THAT(Parse("a 1\r\nb 2\r\n", false),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 1: \"1\r\" is not")));
  EXPECT_THAT(Parse("a 1\n\r\n", false), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_OK(Parse("# HELP a b\r\na 1\n\nc 2", false));
}

TEST(TextReaderTest, TextIsUtf8) {
  for (const std::string text : {"a{x=\"\xff\"} 1", "# HELP a \xff", "# TYPE \xff gauge"}) {
    EXPECT_THAT(Parse("good 1\n" + text, false),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2: the text is not")));
  }
  EXPECT_OK(Parse("a{x=\"\xc3\xa9\"} 1", false));
}

TEST(TextReaderTest, NaNsAreNoStalenessMarkers) {
  ASSERT_OK_AND_ASSIGN(const Exposition exposition, Parse("a NaN\na nan\n", false));
  for (const testing::ReadSample& read : exposition.samples) {
    EXPECT_FALSE(storage::IsStale(read.sample.value));
  }
}

// Reads with guesses that are right, wrong, and nearly right.
TEST(TextReaderTest, GuessesChangeNothing) {
  const std::string text =
      "# TYPE a counter\na 1\na_total 2\na_total{x=\"1\"} 3\na_total {x=\"1\"} 4\n"
      "a_total{x=\"1\",y=\"}\"} 5\n{\"a\"} 6\nab 7\na{} 8\n";
  ASSERT_OK_AND_ASSIGN(const Exposition expected, Parse(text, false));
  std::vector<std::string> guesses = {"", "a", "a_total", "a{", "nothing", "a ", "a{}"};
  for (const testing::ReadSample& read : expected.samples) guesses.push_back(read.key);
  for (const std::string& guess : guesses) {
    const std::unique_ptr<ExpositionReader> reader = MakeTextReader(text, false);
    ExposedSample sample;
    for (const testing::ReadSample& read : expected.samples) {
      ASSERT_OK_AND_ASSIGN(const bool more, reader->Next(guess, &sample));
      ASSERT_TRUE(more);
      EXPECT_EQ(sample.key, read.key) << guess;
      EXPECT_EQ(sample.value, read.sample.value) << guess;
      EXPECT_EQ(sample.family, read.sample.family) << guess;
      std::vector<storage::Label> labels;
      ASSERT_OK(reader->ReadLabels(&labels));
      EXPECT_EQ(labels, read.labels) << guess;
    }
  }
}

}  // namespace
}  // namespace vigil::collector
