// SPDX-License-Identifier: Apache-2.0
#include "storage/series/pair_versions.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

class PairVersionsTest : public ::testing::Test {
 protected:
  PairVersionsTest() { versions_.BeginToCount(); }

  void Change(const std::string& job, const std::string& instance) {
    versions_.Note("job", job);
    versions_.Note("instance", instance);
    versions_.NoteSeries();
  }

  PairVersions versions_;
};

TEST_F(PairVersionsTest, OnePairWithoutAChangeIsEnough) {
  const PairVersions::Stamp stamp =
      versions_.StampOf({Matcher::Equal("job", "api"), Matcher::Equal("instance", "a")});
  EXPECT_TRUE(versions_.Holds(stamp));
  Change("api", "b");
  EXPECT_TRUE(versions_.Holds(stamp));
  Change("db", "c");
  EXPECT_TRUE(versions_.Holds(stamp));
  Change("api", "a");
  EXPECT_FALSE(versions_.Holds(stamp));
}

TEST_F(PairVersionsTest, ChangesOfEachPairApartEndIt) {
  const PairVersions::Stamp stamp =
      versions_.StampOf({Matcher::Equal("job", "api"), Matcher::Equal("instance", "a")});
  Change("api", "b");
  Change("db", "a");
  EXPECT_FALSE(versions_.Holds(stamp));
}

TEST_F(PairVersionsTest, WithoutAPairAnyChangeCounts) {
  const std::vector<std::vector<Matcher>> without = {
      {},
      {Matcher::NotEqual("job", "api")},
      {Matcher::Equal("job", "")},
      {Matcher::Create(MatchType::kRegex, "job", "a.*").value()}};
  for (const std::vector<Matcher>& matchers : without) {
    const PairVersions::Stamp stamp = versions_.StampOf(matchers);
    EXPECT_TRUE(versions_.Holds(stamp));
    Change("db", "x");
    EXPECT_FALSE(versions_.Holds(stamp));
  }
}

TEST_F(PairVersionsTest, WhatMayTouchAllEndsAll) {
  const PairVersions::Stamp stamp = versions_.StampOf({Matcher::Equal("job", "api")});
  versions_.NoteAll();
  EXPECT_FALSE(versions_.Holds(stamp));
}

TEST_F(PairVersionsTest, MorePairsThanAStampHasRoomFor) {
  std::vector<Matcher> matchers;
  for (int i = 0; i < 9; ++i) matchers.push_back(Matcher::Equal(fmt::format("l{}", i), "x"));
  const PairVersions::Stamp stamp = versions_.StampOf(matchers);
  for (int i = 0; i < 9; ++i) versions_.Note(fmt::format("l{}", i), "x");
  versions_.NoteSeries();
  EXPECT_FALSE(versions_.Holds(stamp));
}

TEST(PairVersionsWithoutStampsTest, CountNothing) {
  PairVersions versions;
  versions.Note("job", "api");
  versions.NoteSeries();
  EXPECT_FALSE(versions.counts());
}

}  // namespace
}  // namespace vigil::storage
