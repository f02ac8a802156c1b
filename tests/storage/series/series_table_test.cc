// SPDX-License-Identifier: Apache-2.0
#include "storage/series/series_table.h"

#include <map>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

TEST(SeriesTableTest, FindsBothWaysWhileSeriesComeAndGo) {
  constexpr uint32_t kSeed = 5150;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  SeriesTable table;
  std::map<uint32_t, std::string> model;
  const auto code_of = [](uint32_t number) {
    return fmt::format("{}", number) + std::string(number % 300, 'c');
  };
  for (int step = 0; step < 20'000; ++step) {
    const uint32_t number = 1 + random() % 1000;
    if (model.contains(number)) {
      ASSERT_EQ(table.CodeOf(number), model[number]);
      ASSERT_EQ(table.Find(model[number]), number);
      if (random() % 2 == 0) continue;
      table.Remove(number);
      model.erase(number);
    } else {
      table.Add(number, code_of(number));
      model[number] = code_of(number);
    }
    ASSERT_EQ(table.Contains(number), model.contains(number));
  }
  for (uint32_t number = 1; number <= 1000; ++number) {
    ASSERT_EQ(table.Contains(number), model.contains(number));
    const auto found = table.Find(code_of(number));
    ASSERT_EQ(found, model.contains(number) ? std::optional(number) : std::nullopt);
  }
}

TEST(SeriesTableTest, AnEmptyCodeIsACode) {
  SeriesTable table;
  EXPECT_EQ(table.Find(""), std::nullopt);
  table.Add(1'000'000, "");
  EXPECT_EQ(table.Find(""), 1'000'000u);
  EXPECT_EQ(table.CodeOf(1'000'000), "");
  EXPECT_FALSE(table.Contains(1'000'001));
  EXPECT_FALSE(table.Contains(4'000'000'000));
}

}  // namespace
}  // namespace vigil::storage
