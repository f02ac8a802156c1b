// SPDX-License-Identifier: Apache-2.0
#include "storage/series/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/testing/fuzz.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::vigil::testing::StatusIs;

TEST(Labels, EqualWhateverTheOrderTheyCameIn) {
  const Labels a = {{"job", "x"}, {"__name__", "up"}, {"instance", "i"}};
  const Labels b = {{"__name__", "up"}, {"instance", "i"}, {"job", "x"}};
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.Hash(), b.Hash());
  EXPECT_THAT(
      std::vector<LabelView>(a.begin(), a.end()),
      ElementsAre(LabelView{"__name__", "up"}, LabelView{"instance", "i"}, LabelView{"job", "x"}));
}

TEST(Labels, TheLastOfARepeatedNameWins) {
  const Labels labels = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(labels, (Labels{{"a", "3"}, {"b", "2"}}));
}

TEST(Labels, AnEmptyValueIsNoLabel) {
  EXPECT_EQ((Labels{{"a", ""}, {"b", "2"}}), (Labels{{"b", "2"}}));
  EXPECT_TRUE((Labels{{"a", ""}}).empty());
  // Also when it is the last of a repeated name.
  EXPECT_TRUE((Labels{{"a", "1"}, {"a", ""}}).empty());
}

TEST(Labels, GetFindsByWholeName) {
  const Labels labels = {{"__name__", "up"}, {"ab", "1"}, {"abc", "2"}};
  EXPECT_EQ(labels.Get("ab"), "1");
  EXPECT_EQ(labels.Get("a"), "");
  EXPECT_EQ(labels.Get("abcd"), "");
  EXPECT_EQ(labels.MetricName(), "up");
  EXPECT_TRUE(labels.Has("abc"));
  EXPECT_FALSE(labels.Has("zz"));
  EXPECT_EQ(labels.size(), 3u);
}

TEST(Labels, PackedBytesRoundTrip) {
  const Labels labels = {{"a", std::string(200, 'x')}, {"b", std::string("\0\"\n", 3)}};
  ASSERT_OK_AND_ASSIGN(const Labels unpacked, Labels::FromPacked(labels.packed()));
  EXPECT_EQ(unpacked, labels);
  ASSERT_OK_AND_ASSIGN(const Labels none, Labels::FromPacked(""));
  EXPECT_TRUE(none.empty());
}

TEST(Labels, BytesThatAreNoSetAreDataLoss) {
  const std::vector<std::string> damaged = {
      "\x01",  // Cut behind a length.
      "\x05"
      "ab",  // Longer than there is.
      "\x01"
      "a",  // A name without a value.
      std::string("\x01"
                  "a"
                  "\x00",
                  3),  // An empty value.
      std::string("\x00\x01"
                  "a",
                  3),  // An empty name.
      "\x01"
      "b\x01x"
      "\x01"
      "a\x01x",  // Not sorted.
      "\x01"
      "a\x01x"
      "\x01"
      "a\x01y",                                // Repeated.
      "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",  // A length without end.
  };
  for (const std::string& bytes : damaged) {
    EXPECT_THAT(Labels::FromPacked(bytes), StatusIs(absl::StatusCode::kDataLoss)) << bytes;
  }
}

TEST(Labels, HostileBytesGiveASetOrDataLoss) {
  const Labels labels = {{"__name__", "http_requests_total"}, {"job", "api"}, {"zone", "a"}};
  std::mt19937_64 random(7);
  for (int i = 0; i < 5000; ++i) {
    const std::string bytes = vigil::testing::Mutate(std::string(labels.packed()), &random);
    const absl::StatusOr<Labels> read = Labels::FromPacked(bytes);
    if (!read.ok()) continue;
    // A set that was accepted is one: making it anew from its labels changes nothing.
    std::vector<Label> copies;
    for (const LabelView& label : *read) {
      copies.push_back({std::string(label.name), std::string(label.value)});
    }
    EXPECT_EQ(Labels(copies).size(), read->size());
    read->ToString();
  }
}

TEST(Labels, SortsByNameThenValueLabelByLabel) {
  std::vector<Labels> sorted = {
      {},
      {{"a", "1"}},
      {{"a", "1"}, {"b", "1"}},
      {{"a", "10"}},
      {{"a", "2"}},
      {{"ab", "1"}},
      {{"b", "0"}},
  };
  std::vector<Labels> shuffled = {sorted[3], sorted[6], sorted[0], sorted[5],
                                  sorted[2], sorted[4], sorted[1]};
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, sorted);
  EXPECT_EQ(sorted[2] <=> sorted[2], std::strong_ordering::equal);
}

TEST(Labels, TextIsPromQls) {
  EXPECT_EQ(Labels{}.ToString(), "{}");
  EXPECT_EQ((Labels{{"__name__", "up"}}).ToString(), "up");
  EXPECT_EQ((Labels{{"a", "1"}}).ToString(), R"({a="1"})");
  EXPECT_EQ((Labels{{"__name__", "up"}, {"job", "a\"b\\c\n"}, {"z", "1"}}).ToString(),
            R"(up{job="a\"b\\c\n", z="1"})");
}

TEST(Labels, KeepOnlyAndWithout) {
  const Labels labels = {{"__name__", "up"}, {"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_EQ(labels.KeepOnly({"c", "a", "c", "nope"}), (Labels{{"a", "1"}, {"c", "3"}}));
  EXPECT_EQ(labels.KeepOnly({}), Labels());
  EXPECT_EQ(labels.Without({"b"}), (Labels{{"a", "1"}, {"c", "3"}}));
  EXPECT_EQ(labels.Without({"b"}, /*drop_name=*/false),
            (Labels{{"__name__", "up"}, {"a", "1"}, {"c", "3"}}));
}

TEST(Labels, WithoutMetadata) {
  const Labels labels = {{"__name__", "up"}, {"__type__", "gauge"}, {"__unit__", "s"},
                         {"a", "1"},         {"__nam", "x"},        {"__unit__x", "y"}};
  EXPECT_EQ(labels.WithoutMetadata(), (Labels{{"__nam", "x"}, {"__unit__x", "y"}, {"a", "1"}}));
  EXPECT_EQ(Labels().WithoutMetadata(), Labels());
}

TEST(LabelsBuilder, SetsReplacesAndRemoves) {
  LabelsBuilder builder(Labels{{"b", "2"}, {"d", "4"}});
  builder.Set("a", "1").Set("c", "3").Set("b", "two").Remove("d").Remove("nope").Set("e", "");
  EXPECT_EQ(builder.Get("b"), "two");
  EXPECT_EQ(builder.Get("d"), "");
  EXPECT_EQ(builder.Build(), (Labels{{"a", "1"}, {"b", "two"}, {"c", "3"}}));
}

TEST(Quote, EscapesAsGoDoes) {
  EXPECT_EQ(Quote("plain"), "\"plain\"");
  EXPECT_EQ(Quote("a\"b\\c\n\r\t\x01\x7F"), R"("a\"b\\c\n\r\t\x01\x7f")");
  EXPECT_EQ(Quote("Über 😀"), "\"Über 😀\"");
  EXPECT_EQ(Quote(std::string_view("\a\b\f\v\0", 5)), R"("\a\b\f\v\x00")");
  EXPECT_EQ(Quote("\xff"
                  "a\xc3\xe2\x82"),
            R"("\xffa\xc3\xe2\x82")")
      << "what is no UTF-8";
  EXPECT_EQ(Quote("\u00a0\u2028\u200b\ufeff\u0085\U000F0000"),
            R"("\u00a0\u2028\u200b\ufeff\u0085\U000f0000")");
}

}  // namespace
}  // namespace vigil::storage
