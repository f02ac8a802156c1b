// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/exemplar_head.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ExemplarSample Sample(uint32_t number, int64_t time_ms, double value = 1) {
  return {MakeSeriesRef(3, number), {time_ms, value, {{"trace_id", "ab"}}}};
}

std::vector<int64_t> TimesOf(const ExemplarHead& head, uint32_t number) {
  std::vector<int64_t> times;
  for (const Exemplar& exemplar : head.Read(number)) times.push_back(exemplar.time_ms);
  return times;
}

TEST(ExemplarHeadTest, KeepsThemInOrderEachOnce) {
  ExemplarHead head;
  const std::vector<ExemplarSample> samples = {Sample(1, 5), Sample(1, 3), Sample(2, 4),
                                               Sample(1, 5), Sample(1, 5, 2)};
  head.Append(kDefaultTenant, samples);
  EXPECT_THAT(TimesOf(head, 1), ElementsAre(3, 5, 5));
  EXPECT_THAT(TimesOf(head, 2), ElementsAre(4));
  EXPECT_THAT(TimesOf(head, 3), IsEmpty());
}

TEST(ExemplarHeadTest, OfASeriesTheNewestAreKeptWhateverTheOrder) {
  std::vector<ExemplarSample> samples;
  for (int i = 0; i < 100; ++i) samples.push_back(Sample(1, i));
  std::shuffle(samples.begin(), samples.end(), std::mt19937(7));
  ExemplarHead head;
  head.Append(kDefaultTenant, samples);
  const std::vector<int64_t> times = TimesOf(head, 1);
  ASSERT_EQ(times.size(), ExemplarHead::kMaxPerSeries);
  EXPECT_EQ(times.front(), 100 - static_cast<int64_t>(ExemplarHead::kMaxPerSeries));
  EXPECT_EQ(times.back(), 99);
}

TEST(ExemplarHeadTest, ThereIsALimitInAll) {
  ExemplarHead head(3);
  const std::vector<ExemplarSample> samples = {Sample(1, 1), Sample(2, 2), Sample(1, 3),
                                               Sample(3, 4), Sample(2, 5), Sample(1, 0)};
  head.Append(kDefaultTenant, samples);
  EXPECT_THAT(TimesOf(head, 1), ElementsAre(1, 3));
  EXPECT_THAT(TimesOf(head, 2), ElementsAre(5));
  EXPECT_THAT(TimesOf(head, 3), IsEmpty()) << "no series gives way to another";
  std::set<uint32_t> visited;
  head.ForEach([&visited](TenantId, uint32_t number, const std::vector<Exemplar>& exemplars) {
    EXPECT_FALSE(exemplars.empty());
    visited.insert(number);
  });
  EXPECT_THAT(visited, ElementsAre(1, 2));
}

TEST(ExemplarHeadTest, TellsItsSize) {
  ExemplarHead head;
  EXPECT_EQ(head.size_bytes(), 0);
  head.Append(kDefaultTenant, std::vector<ExemplarSample>{Sample(1, 1)});
  const size_t one = head.size_bytes();
  EXPECT_GT(one, sizeof(Exemplar));
  head.Append(kDefaultTenant, std::vector<ExemplarSample>{Sample(1, 1)});
  EXPECT_EQ(head.size_bytes(), one);
  for (int i = 0; i < 1000; ++i) {
    head.Append(kDefaultTenant, std::vector<ExemplarSample>{Sample(1, i)});
  }
  EXPECT_LE(head.size_bytes(), one * ExemplarHead::kMaxPerSeries);
}

}  // namespace
}  // namespace vigil::storage
