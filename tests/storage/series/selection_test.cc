// SPDX-License-Identifier: Apache-2.0
//
// Which look-ups a selection makes, and that a source's failure is the selection's. What it finds
// is postings_test's.
#include "storage/series/selection.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

// Writes down what it is asked; everything is there and has every label.
class RecordingSource final : public PostingSource {
 public:
  absl::StatusOr<SeriesSet> All() override { return Asked("all"); }
  absl::StatusOr<SeriesSet> WithName(std::string_view name) override {
    return Asked("name " + std::string(name));
  }
  absl::StatusOr<SeriesSet> WithPair(std::string_view name, std::string_view value) override {
    if (value == "broken") return absl::DataLossError("broken");
    return Asked("pair " + std::string(name) + "=" + std::string(value));
  }
  absl::StatusOr<SeriesSet> WithValues(std::string_view name, std::string_view prefix,
                                       absl::FunctionRef<bool(std::string_view)>) override {
    return Asked("values " + std::string(name) + "=" + std::string(prefix) + "*");
  }
  bool PrefersSeries(std::string_view name, uint64_t) override { return name == "id"; }
  absl::StatusOr<std::string> ValueOf(uint32_t, std::string_view name) override {
    asked.push_back("value of " + std::string(name));
    return std::string("v");
  }

  std::vector<std::string> asked;

 private:
  SeriesSet Asked(std::string text) {
    asked.push_back(std::move(text));
    return SeriesSet::bitmapOf(1, 7);
  }
};

std::vector<std::string> Asked(const std::vector<Matcher>& matchers) {
  RecordingSource source;
  EXPECT_OK(SelectSeries(source, matchers));
  return source.asked;
}

Matcher Regex(std::string name, std::string value) {
  return Matcher::Create(MatchType::kRegex, std::move(name), std::move(value)).value();
}
Matcher NotRegex(std::string name, std::string value) {
  return Matcher::Create(MatchType::kNotRegex, std::move(name), std::move(value)).value();
}

TEST(SelectionTest, FastPaths) {
  EXPECT_THAT(Asked({}), ElementsAre("all"));
  EXPECT_THAT(Asked({Matcher::Equal("a", "1")}), ElementsAre("pair a=1"));
  EXPECT_THAT(Asked({Regex("a", "1|2")}), ElementsAre("pair a=1", "pair a=2"));
  EXPECT_THAT(Asked({Regex("a", ".+")}), ElementsAre("name a"));
  EXPECT_THAT(Asked({Regex("a", ".*")}), ElementsAre("all"));
  EXPECT_THAT(Asked({NotRegex("a", ".*")}), IsEmpty());
  EXPECT_THAT(Asked({Regex("a", "web-.*")}), ElementsAre("all", "values a=web-*"));
  EXPECT_THAT(Asked({Regex("a", "web[0-9]+")}), ElementsAre("all", "values a=web*"));
  EXPECT_THAT(Asked({NotRegex("a", "1|2")}), ElementsAre("all", "pair a=1", "pair a=2"));
}

TEST(SelectionTest, LookUpsComeBeforeExpressions) {
  EXPECT_THAT(Asked({Regex("a", "x.*y"), Matcher::NotEqual("b", "1"), Matcher::Equal("c", "2")}),
              ElementsAre("pair c=2", "pair b=1"));
  EXPECT_THAT(Asked({Regex("id", "v.*"), Matcher::Equal("c", "2")}),
              ElementsAre("pair c=2", "value of id"));
}

TEST(SelectionTest, FailuresArePassedOn) {
  RecordingSource source;
  EXPECT_THAT(SelectSeries(source, {Matcher::Equal("a", "broken")}),
              StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
