// SPDX-License-Identifier: Apache-2.0
//
// Finding series by their rows against a scan of all label sets.
#include "storage/metrics/cold_index.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/index_keys.h"
#include "storage/kv/memory_store.h"
#include "storage/metrics/series_rows.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;

constexpr TenantId kTenant{2};
constexpr uint8_t kShard = 7;

Matcher Make(MatchType type, std::string name, std::string value) {
  return Matcher::Create(type, std::move(name), std::move(value)).value();
}

class ColdIndexTest : public ::testing::Test {
 protected:
  void Write(const std::map<uint32_t, Labels>& series) {
    WriteBatch batch;
    SeriesRowWriter writer(&store_, kTenant, kShard, &sequence_, &batch,
                           [] { return absl::OkStatus(); });
    for (const auto& [number, labels] : series) ASSERT_OK(writer.Add(number, labels));
    ASSERT_OK(writer.Finish());
    ASSERT_OK(store_.Write(batch, Durability::kNoSync));
    series_.insert(series.begin(), series.end());
  }

  std::vector<uint32_t> Select(const std::vector<Matcher>& matchers, const SeriesSet& among) {
    const auto selected = index_.Select(matchers, among);
    EXPECT_OK(selected);
    return {selected->begin(), selected->end()};
  }

  MemoryStore store_;
  uint64_t sequence_ = 1;
  std::map<uint32_t, Labels> series_;
  ColdIndex index_{&store_, kTenant, kShard};
};

TEST_F(ColdIndexTest, FindsWhatAScanFinds) {
  constexpr uint32_t kSeed = 60309;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  // Several groups, each written in several flushes.
  for (int flush = 0; flush < 6; ++flush) {
    std::map<uint32_t, Labels> some;
    for (int i = 0; i < 150; ++i) {
      const uint32_t number = 1 + flush * 2000 + random() % 2000 + (random() % 3) * 65'536;
      if (series_.contains(number)) continue;
      LabelsBuilder builder;
      builder.Set("id", fmt::format("{}", number));
      for (int name = 0; name < 3; ++name) {
        if (random() % 3 != 0)
          builder.Set(fmt::format("n{}", name), fmt::format("v{}", random() % 4));
      }
      builder.Set(std::string("z\0ro", 4), std::string("\0", random() % 2));
      some[number] = builder.Build();
    }
    Write(some);
  }
  const std::vector<Matcher> kinds[] = {
      {},
      {Matcher::Equal("n0", "v1")},
      {Matcher::Equal("n0", "")},
      {Matcher::NotEqual("n1", "v2"), Make(MatchType::kRegex, "n0", "v1|v2")},
      {Make(MatchType::kRegex, "n0", "v.*"), Make(MatchType::kNotRegex, "n2", "v[01]")},
      {Make(MatchType::kRegex, "id", "1.*")},
      {Make(MatchType::kRegex, "id", ".*7"), Matcher::Equal("n0", "v1")},
      {Make(MatchType::kNotRegex, "n1", ".+")},
      {Matcher::Equal("n1", "other")},
      {Make(MatchType::kRegex, std::string("z\0ro", 4), std::string("\0.*", 3))},
  };
  for (const std::vector<Matcher>& matchers : kinds) {
    for (const uint32_t part : {1u, 3u, 20u}) {
      SeriesSet among;
      std::vector<uint32_t> expected;
      std::set<std::string> names, values;
      for (const auto& [number, labels] : series_) {
        if (random() % part != 0) continue;
        among.add(number);
        if (!MatchesAll(matchers, labels)) continue;
        expected.push_back(number);
        for (const LabelView& label : labels) names.emplace(label.name);
        if (labels.Has("n0")) values.emplace(labels.Get("n0"));
      }
      ASSERT_EQ(Select(matchers, among), expected);
      const SeriesSet selected(expected.size(), expected.data());
      std::set<std::string> found_names, found_values;
      ASSERT_OK(index_.AddNames(selected, &found_names));
      ASSERT_OK(index_.AddValues("n0", selected, &found_values));
      ASSERT_EQ(found_names, names);
      ASSERT_EQ(found_values, values);
    }
  }
}

TEST_F(ColdIndexTest, DamagedRowsAreSkipped) {
  Write({{1, {{"a", "x"}}}, {2, {{"a", "y"}}}});
  WriteBatch batch;
  batch.Put(Family::kPostings, PostingKey{kTenant, kShard, 0, "a", "x", 1}.Encode(), "??");
  batch.Put(Family::kPostings, PostingKey::GroupPrefix(kTenant, kShard, 0) + "a", "");
  ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  const SeriesSet both = SeriesSet::bitmapOf(2, 1, 2);
  EXPECT_TRUE(Select({Matcher::Equal("a", "x")}, both).empty());
  EXPECT_THAT(Select({Matcher::Equal("a", "y")}, both), ElementsAre(2));
  EXPECT_THAT(Select({Make(MatchType::kRegex, "a", ".+")}, both), ElementsAre(1, 2));
  std::set<std::string> names;
  EXPECT_OK(index_.AddNames(both, &names));
  EXPECT_THAT(names, ElementsAre("a"));
}

}  // namespace
}  // namespace vigil::storage
