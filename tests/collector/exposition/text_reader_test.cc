// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/text_format.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "base/strings.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;
using vigil::testing::TextCase;

// A line for each family, one for each sample with the number of its family.
std::string ToText(const Exposition& exposition) {
  std::string text;
  for (size_t i = 0; i < exposition.families.size(); ++i) {
    const MetricFamily& family = exposition.families[i];
    text += fmt::format("{}: {} {} {} {}\n", i, family.name,
                        storage::MetricTypeName(family.metadata.type),
                        storage::Quote(family.metadata.unit), storage::Quote(family.metadata.help));
  }
  for (const ExposedSample& sample : exposition.samples) {
    text += fmt::format("{}:", sample.family);
    for (const storage::Label& label : sample.labels) {
      text += fmt::format(" {}={}", label.name, storage::Quote(label.value));
    }
    text += " -> " + FormatValue(sample.value);
    if (sample.time_ms.has_value()) text += fmt::format(" at {}", *sample.time_ms);
    text += "\n";
  }
  return text;
}

TEST(TextFormatTest, Script) {
  const auto run = [](const TextCase& text_case) -> std::string {
    const auto exposition =
        ParseExposition(text_case.input + "\n", text_case.command == "openmetrics");
    return exposition.ok() ? ToText(*exposition) : std::string(MessageOf(exposition.status()));
  };
  vigil::testing::RunTextScript("tests/collector/scrape/testdata/text_format.txt", run);
}

TEST(TextFormatTest, LinesMayEndInCarriageReturns) {
  ASSERT_OK_AND_ASSIGN(const Exposition exposition,
                       ParseExposition("# HELP a b\r\na 1\r\n\r\nc 2", false));
  EXPECT_EQ(ToText(exposition),
            "0: a unknown \"\" \"b\"\n1: c unknown \"\" \"\"\n0: __name__=\"a\" -> 1\n"
            "1: __name__=\"c\" -> 2\n");
}

TEST(TextFormatTest, TextIsUtf8) {
  for (const std::string text : {"a{x=\"\xff\"} 1", "# HELP a \xff", "# TYPE \xff gauge"}) {
    EXPECT_THAT(ParseExposition("good 1\n" + text, false),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2: the text is not")));
  }
  EXPECT_OK(ParseExposition("a{x=\"\xc3\xa9\"} 1", false));
}

TEST(TextFormatTest, NaNsAreNoStalenessMarkers) {
  ASSERT_OK_AND_ASSIGN(const Exposition exposition, ParseExposition("a NaN\na -NaN\n", false));
  for (const ExposedSample& sample : exposition.samples) {
    EXPECT_FALSE(storage::IsStale(sample.value));
  }
}

}  // namespace
}  // namespace vigil::collector
