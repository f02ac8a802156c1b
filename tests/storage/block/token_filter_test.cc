// SPDX-License-Identifier: Apache-2.0
#include "storage/block/token_filter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

std::vector<std::string> Tokens(std::string_view text) {
  std::vector<std::string> tokens;
  ForEachToken(text, [&](std::string_view token) { tokens.emplace_back(token); });
  return tokens;
}

std::vector<std::string> InnerTokens(std::string_view needle) {
  std::vector<std::string> tokens;
  ForEachInnerToken(needle, [&](std::string_view token) { tokens.emplace_back(token); });
  return tokens;
}

TEST(Tokens, RunsOfLettersAndDigits) {
  EXPECT_THAT(Tokens(""), IsEmpty());
  EXPECT_THAT(Tokens(" .,;"), IsEmpty());
  EXPECT_THAT(Tokens("one"), ElementsAre("one"));
  EXPECT_THAT(Tokens("GET /v1/Über?id=7_a"), ElementsAre("GET", "v1", "Über", "id", "7", "a"));
}

TEST(Tokens, InnerOnesHaveSeparatorsOnBothSides) {
  EXPECT_THAT(InnerTokens("error: disk full"), ElementsAre("disk"));
  EXPECT_THAT(InnerTokens(" error "), ElementsAre("error"));
  EXPECT_THAT(InnerTokens("error"), IsEmpty());
  EXPECT_THAT(InnerTokens("two words"), IsEmpty());
  EXPECT_THAT(InnerTokens("/a/b/"), ElementsAre("a", "b"));
}

// The property that makes skipping a block right: no text that was added is ever missed, whatever
// piece of it one looks for.
TEST(TokenFilter, NeverMissesASubstring) {
  const std::vector<std::string> texts = {"GET /v1/items/42 took 17 ms",
                                          "Disk FULL on /dev/sda1 (95%)", "x", "größer als 3.14",
                                          "user=anna id=7f3a-11ee msg=\"a b\""};
  TokenFilterBuilder builder;
  for (const std::string& text : texts) builder.AddText(text);
  const std::string bytes = builder.Finish();
  ASSERT_OK_AND_ASSIGN(const TokenFilter filter, TokenFilter::Open(bytes));
  for (const std::string& text : texts) {
    for (size_t begin = 0; begin < text.size(); ++begin) {
      for (size_t size = 1; begin + size <= text.size(); ++size) {
        EXPECT_TRUE(filter.MayContainSubstring(text.substr(begin, size)));
      }
    }
    for (const std::string& token : Tokens(text)) EXPECT_TRUE(filter.MayContainToken(token));
  }
  EXPECT_TRUE(filter.MayContainToken("disk"));
  EXPECT_TRUE(filter.MayContainSubstring("disk full ON"));
}

TEST(TokenFilter, SeldomSeesWhatIsNotThere) {
  TokenFilterBuilder builder;
  for (int i = 0; i < 10'000; ++i) builder.AddText(fmt::format("token{}", i));
  EXPECT_EQ(builder.size(), 10'000u);
  const std::string bytes = builder.Finish();
  EXPECT_EQ(builder.size(), 0u);
  EXPECT_LE(bytes.size(), 12'502u);
  ASSERT_OK_AND_ASSIGN(const TokenFilter filter, TokenFilter::Open(bytes));
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) wrong += filter.MayContainToken(fmt::format("other{}", i));
  EXPECT_LE(wrong, 150);
}

TEST(TokenFilter, WithoutTokensNothingIsContained) {
  EXPECT_EQ(TokenFilterBuilder().Finish(), "");
  ASSERT_OK_AND_ASSIGN(const TokenFilter filter, TokenFilter::Open(""));
  EXPECT_FALSE(filter.MayContainToken("x"));
  EXPECT_FALSE(filter.MayContainSubstring(" x "));
  // No token is required for these, so the filter cannot say no.
  EXPECT_TRUE(filter.MayContainSubstring("x"));
  EXPECT_TRUE(filter.MayContainSubstring(""));
}

TEST(TokenFilter, DamageIsTold) {
  EXPECT_THAT(TokenFilter::Open("\x07"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(TokenFilter::Open(std::string("\x00\x01", 2)), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(TokenFilter::Open("\xFF\x01"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
