// SPDX-License-Identifier: Apache-2.0
//
// The inverted index against a scan of all label sets.
#include "storage/series/postings.h"

#include <map>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Matcher Make(MatchType type, std::string name, std::string value) {
  return Matcher::Create(type, std::move(name), std::move(value)).value();
}

std::vector<uint32_t> Members(const SeriesSet& set) { return {set.begin(), set.end()}; }

class PostingsTest : public ::testing::Test {
 protected:
  void Add(uint32_t number, Labels labels) {
    labels_[number] = std::move(labels);
    ASSERT_EQ(postings_.Find(labels_[number]), std::nullopt);
    postings_.Add(number, labels_[number]);
    live_[number] = true;
  }

  std::vector<uint32_t> Select(const std::vector<Matcher>& matchers) {
    return Members(postings_.Select(matchers));
  }

  std::vector<uint32_t> Scan(const std::vector<Matcher>& matchers) {
    std::vector<uint32_t> numbers;
    for (const auto& [number, labels] : labels_) {
      if (live_[number] && MatchesAll(matchers, labels)) numbers.push_back(number);
    }
    return numbers;
  }

  std::map<uint32_t, Labels> labels_;
  std::map<uint32_t, bool> live_;
  Postings postings_;
};

TEST_F(PostingsTest, MissingLabelsCountAsEmpty) {
  Add(1, {{"job", "api"}});
  Add(2, {{"job", "api"}, {"zone", "a"}});
  Add(3, {{"job", "db"}, {"zone", "b"}});
  EXPECT_THAT(Select({}), ElementsAre(1, 2, 3));
  EXPECT_THAT(Select({Matcher::Equal("zone", "")}), ElementsAre(1));
  EXPECT_THAT(Select({Matcher::NotEqual("zone", "")}), ElementsAre(2, 3));
  EXPECT_THAT(Select({Matcher::NotEqual("zone", "a")}), ElementsAre(1, 3));
  EXPECT_THAT(Select({Make(MatchType::kRegex, "zone", "a|")}), ElementsAre(1, 2));
  EXPECT_THAT(Select({Make(MatchType::kRegex, "zone", "a|b")}), ElementsAre(2, 3));
  EXPECT_THAT(Select({Make(MatchType::kRegex, "zone", ".*")}), ElementsAre(1, 2, 3));
  EXPECT_THAT(Select({Make(MatchType::kRegex, "zone", ".+")}), ElementsAre(2, 3));
  EXPECT_THAT(Select({Make(MatchType::kNotRegex, "zone", "a|")}), ElementsAre(3));
  EXPECT_THAT(Select({Matcher::Equal("none", "")}), ElementsAre(1, 2, 3));
  EXPECT_THAT(Select({Make(MatchType::kRegex, "none", ".+")}), IsEmpty());
  EXPECT_THAT(Select({Make(MatchType::kRegex, "none", "x|")}), ElementsAre(1, 2, 3));
}

TEST_F(PostingsTest, NamesAndValuesOfASet) {
  Add(1, {{"job", "api"}});
  Add(2, {{"job", "db"}, {"zone", "b"}});
  SeriesSet first;
  first.add(1);
  EXPECT_THAT(postings_.NamesOf(first), ElementsAre("job"));
  EXPECT_THAT(postings_.ValuesOf("job", first), ElementsAre("api"));
  EXPECT_THAT(postings_.ValuesOf("job", postings_.all()), ElementsAre("api", "db"));
  EXPECT_THAT(postings_.ValuesOf("none", postings_.all()), IsEmpty());
  postings_.Remove(2);
  EXPECT_THAT(postings_.NamesOf(postings_.all()), ElementsAre("job"));
  EXPECT_THAT(postings_.ValuesOf("job", postings_.all()), ElementsAre("api"));
}

Matcher RandomMatcher(std::mt19937& random) {
  static const char* const kPatterns[] = {"v1",  "v1|v2",  "v1|",   ".*", ".+",
                                          "v.",  "v[12]|", "(v3)?", "",   "v9",
                                          "x.*", "v.*",    "v1.*",  "v+", "v.+"};
  const std::string name = fmt::format("n{}", random() % 5);
  const std::string value = random() % 4 == 0 ? "" : fmt::format("v{}", random() % 5);
  switch (random() % 4) {
    case 0:
      return Matcher::Equal(name, value);
    case 1:
      return Matcher::NotEqual(name, value);
    case 2:
      return Make(MatchType::kRegex, name, kPatterns[random() % std::size(kPatterns)]);
    default:
      return Make(MatchType::kNotRegex, name, kPatterns[random() % std::size(kPatterns)]);
  }
}

TEST_F(PostingsTest, SelectsWhatAScanFinds) {
  constexpr uint32_t kSeed = 20240607;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  for (uint32_t number = 1; number <= 300; ++number) {
    LabelsBuilder builder;
    builder.Set("id", fmt::format("{}", number));
    for (int name = 0; name < 4; ++name) {
      if (random() % 3 != 0) {
        builder.Set(fmt::format("n{}", name), fmt::format("v{}", random() % 4));
      }
    }
    Add(number, builder.Build());
  }
  for (uint32_t number = 1; number <= 300; number += 1 + random() % 4) {
    postings_.Remove(number);
    live_[number] = false;
  }
  for (const auto& [number, labels] : labels_) {
    ASSERT_EQ(postings_.Contains(number), live_[number]);
    ASSERT_EQ(postings_.Find(labels), live_[number] ? std::optional(number) : std::nullopt);
    if (!live_[number]) continue;
    ASSERT_EQ(postings_.LabelsOf(number), labels);
  }
  for (int round = 0; round < 3000; ++round) {
    std::vector<Matcher> matchers;
    std::string shown;
    // A narrow matcher makes the candidates fewer than the values that an expression could try.
    if (random() % 3 == 0) matchers.push_back(Make(MatchType::kRegex, "id", "7|12|150|299"));
    if (random() % 3 == 0) matchers.push_back(Make(MatchType::kRegex, "id", ".*1.*"));
    for (size_t count = random() % 4; count > 0; --count) matchers.push_back(RandomMatcher(random));
    for (const Matcher& matcher : matchers) shown += matcher.ToString() + " ";
    ASSERT_EQ(Select(matchers), Scan(matchers)) << shown;
    ASSERT_GE(postings_.AtMost(matchers), Select(matchers).size()) << shown;
  }
}

TEST_F(PostingsTest, TheRarestPairBoundsASelection) {
  Add(1, {{"__name__", "m"}, {"job", "a"}});
  Add(2, {{"__name__", "m"}, {"job", "b"}});
  Add(3, {{"__name__", "n"}, {"job", "b"}});
  const auto at_most = [this](std::vector<Matcher> matchers) { return postings_.AtMost(matchers); };
  EXPECT_EQ(at_most({}), 3);
  EXPECT_EQ(at_most({Matcher::Equal("__name__", "m")}), 2);
  EXPECT_EQ(at_most({Matcher::Equal("__name__", "m"), Matcher::Equal("job", "a")}), 1);
  EXPECT_EQ(at_most({Matcher::Equal("__name__", "none")}), 0);
  EXPECT_EQ(at_most({Matcher::NotEqual("job", "a")}), 3) << "not looked at";
  EXPECT_EQ(at_most({Matcher::Equal("job", "")}), 3);
  EXPECT_EQ(at_most({Make(MatchType::kRegex, "job", "a|b")}), 3);
}

TEST_F(PostingsTest, WhatIsGoneGivesItsPlaceBack) {
  // Enough text that dead values are thrown out many times.
  const std::string padding(300, 'x');
  for (uint32_t number = 1; number <= 20'000; ++number) {
    Add(number, {{"job", "api"}, {"id", fmt::format("{}-{}", number, padding)}});
    if (number <= 50) continue;
    postings_.Remove(number - 50);
    labels_.erase(number - 50);
  }
  EXPECT_EQ(postings_.all().cardinality(), 50u);
  EXPECT_EQ(Select({Matcher::Equal("job", "api")}).size(), 50u);
  for (const auto& [number, labels] : labels_) {
    ASSERT_EQ(postings_.LabelsOf(number), labels);
    ASSERT_EQ(postings_.Find(labels), number);
    ASSERT_EQ(postings_.ValueOf(number, "id"), labels.Get("id"));
    ASSERT_EQ(postings_.ValueOf(number, "none"), "");
  }
  EXPECT_EQ(postings_.ValuesOf("id", postings_.all()).size(), 50u);
}

}  // namespace
}  // namespace vigil::storage
