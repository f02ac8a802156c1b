// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/metric_cache.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"

namespace vigil::collector {
namespace {

PointKey KeyOf(int i) { return HashBytes(fmt::to_string(i), 1); }

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr uint32_t kMinute = MetricCache::MinuteOf(kNowMs);
constexpr PointKey kSender = {1, 2};

PointTarget TargetOf(int i) { return {storage::SeriesRef{uint64_t{3} << 56 | i}, nullptr}; }

void Insert(int i, PointLane* lane) {
  PointLane::Cursor cursor(lane, kMinute);
  cursor.Insert(KeyOf(i), TargetOf(i));
}

bool Knows(int i, PointLane* lane, uint32_t minute = kMinute) {
  const auto found = PointLane::Cursor(lane, minute).Find(KeyOf(i));
  if (found.has_value()) {
    EXPECT_EQ(found->first, TargetOf(i).first);
  }
  return found.has_value();
}

TEST(PointLaneTest, FindsWhatWasInserted) {
  MetricCache cache;
  const auto lane = cache.LaneOf(kSender, kNowMs);
  EXPECT_FALSE(Knows(1, lane.get()));
  Insert(1, lane.get());
  const auto more = std::make_shared<const SeriesFamily>(3);
  {
    PointLane::Cursor cursor(lane.get(), kMinute);
    cursor.Insert(KeyOf(2), {{}, more});
    cursor.Insert(KeyOf(1), TargetOf(8));  // Points are never changed.
  }
  PointLane::Cursor cursor(lane.get(), kMinute);
  EXPECT_EQ(cursor.Find(KeyOf(1))->first, TargetOf(1).first);
  EXPECT_EQ(cursor.Find(KeyOf(1))->more, nullptr);
  EXPECT_EQ(cursor.Find(KeyOf(2))->more, more.get());
  EXPECT_FALSE(cursor.Find(KeyOf(3)).has_value());
  EXPECT_EQ(cache.size(), 2u);
}

TEST(PointLaneTest, FindsInAnyOrder) {
  MetricCache cache;
  const auto lane = cache.LaneOf(kSender, kNowMs);
  constexpr int kPoints = 2000;
  for (int i = 0; i < kPoints; ++i) Insert(i, lane.get());
  std::vector<int> order(kPoints);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 random(5);
  for (int round = 0; round < 5; ++round) {
    PointLane::Cursor cursor(lane.get(), kMinute);
    for (const int i : order) {
      const auto found = cursor.Find(KeyOf(i));
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(found->first, TargetOf(i).first);
    }
    EXPECT_FALSE(cursor.Find(KeyOf(kPoints)).has_value());
    std::shuffle(order.begin(), order.end(), random);
  }
}

// Finds `points` or makes them, as a request does; how often it strayed.
size_t Send(const std::vector<int>& points, PointLane* lane) {
  PointLane::Cursor cursor(lane, kMinute);
  for (const int i : points) {
    const auto found = cursor.Find(KeyOf(i));
    if (!found.has_value()) {
      cursor.Insert(KeyOf(i), TargetOf(i));
    } else {
      EXPECT_EQ(found->first, TargetOf(i).first);
    }
  }
  return cursor.strayed();
}

TEST(PointLaneTest, TakesTheOrderOfWhatIsSent) {
  MetricCache cache;
  const auto lane = cache.LaneOf(kSender, kNowMs);
  std::vector<int> points(1000);
  std::iota(points.begin(), points.end(), 0);
  Send(points, lane.get());
  Send(points, lane.get());
  EXPECT_EQ(Send(points, lane.get()), 0u);
  // Points are replaced, one here and one there, until all are new.
  int next = 1000;
  size_t strayed = 0;
  std::mt19937 random(7);
  constexpr int kRounds = 1000;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 5; ++i) points[random() % points.size()] = next++;
    strayed += Send(points, lane.get());
  }
  EXPECT_LT(strayed, kRounds * points.size() / 16);
  Send(points, lane.get());
  EXPECT_LT(Send(points, lane.get()), points.size() / 16);
  for (const int i : points) EXPECT_TRUE(Knows(i, lane.get()));
}

TEST(PointLaneTest, APartTakesItsPlaceAmongOthers) {
  MetricCache cache;
  const auto lane = cache.LaneOf(kSender, kNowMs);
  std::vector<int> points(900);
  std::iota(points.begin(), points.end(), 0);
  const std::vector<int> first(points.begin(), points.begin() + 300);
  std::vector<int> second(points.begin() + 300, points.begin() + 600);
  const std::vector<int> third(points.begin() + 600, points.end());
  const auto send_all = [&] {
    return Send(first, lane.get()) + Send(second, lane.get()) + Send(third, lane.get());
  };
  send_all();
  send_all();
  // A point that comes twice is in the way of nothing.
  std::reverse(second.begin(), second.end());
  second.push_back(second.front());
  for (int i = 0; i < 8; ++i) send_all();
  EXPECT_LT(send_all(), 10u);
  for (const int i : points) EXPECT_TRUE(Knows(i, lane.get()));
}

TEST(MetricCacheTest, SendersHaveLanesOfTheirOwn) {
  MetricCache cache;
  const auto lane = cache.LaneOf(kSender, kNowMs);
  Insert(1, lane.get());
  EXPECT_EQ(cache.LaneOf(kSender, kNowMs), lane);
  EXPECT_FALSE(Knows(1, cache.LaneOf({2, 1}, kNowMs).get()));
}

TEST(MetricCacheTest, ForgetsWhatIsNotUsed) {
  MetricCache cache;
  const auto lane = cache.LaneOf(kSender, kNowMs);
  for (int i = 0; i < 100; ++i) Insert(i, lane.get());
  Insert(1, cache.LaneOf({2, 1}, kNowMs).get());
  constexpr int64_t kLaterMs = kNowMs + (MetricCache::kIdleMinutes + 1) * kMillisPerMinute;
  const uint32_t later = MetricCache::MinuteOf(kLaterMs);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Knows(2 * i, lane.get(), later));
  EXPECT_EQ(cache.LaneOf(kSender, kLaterMs), lane);
  EXPECT_EQ(cache.size(), 50u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Knows(i, lane.get(), later), i % 2 == 0);
}

TEST(MetricCacheTest, IsBounded) {
  MetricCache cache(10);
  for (int i = 0; i < 1000; ++i) {
    // Time stands still, so nothing goes for its age.
    const int64_t now_ms = kNowMs + i * kMillisPerMinute / 1000;
    Insert(i, cache.LaneOf(kSender, now_ms).get());
    EXPECT_LE(cache.size(), 11u);
    EXPECT_TRUE(Knows(i, cache.LaneOf(kSender, now_ms).get()) || cache.size() == 0);
  }
}

TEST(MetricCacheTest, KeysDependOnEverything) {
  const std::vector<double> bounds = {1, 2};
  const PointKey base = HashBytes("a", 1);
  std::set<std::pair<uint64_t, uint64_t>> keys;
  const auto add = [&keys](const PointKey& key) {
    EXPECT_TRUE(keys.emplace(key.low, key.high).second);
  };
  add(base);
  add(HashBytes("a", 2));
  add(HashBytes("b", 1));
  add(HashBytes("", 1));
  add(CombineKeys(base, KeyOf(1), 0, 1));
  add(CombineKeys(KeyOf(1), base, 0, 1));
  add(CombineKeys(base, KeyOf(1), 1, 1));
  add(CombineKeys(base, KeyOf(1), 0, 2));
  add(HashBounds(base, bounds, 1));
  add(HashBounds(base, {2, 1}, 1));
  add(HashBounds(base, {1}, 1));
  add(HashBounds(base, {}, 1));
  EXPECT_EQ(HashBounds(base, {1, 2}, 1), HashBounds(base, bounds, 1));
}

TEST(PointLaneTest, ReadersAndWritersAtOnce) {
  MetricCache cache;
  const auto lane = cache.LaneOf(kSender, kNowMs);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      for (int i = 0; i < 100; ++i) Knows(i, lane.get());
    }
  });
  std::thread tidier([&] {
    for (int64_t minute = 0; !done; minute += 20) {
      cache.LaneOf(kSender, kNowMs + minute * kMillisPerMinute);
    }
  });
  std::vector<int> points(100);
  std::iota(points.begin(), points.end(), 0);
  std::mt19937 random(9);
  for (int i = 0; i < 500; ++i) {
    Send(points, lane.get());
    std::shuffle(points.begin(), points.end(), random);
  }
  for (int i = 0; i < 5000; ++i) Insert(i % 100, lane.get());
  done = true;
  reader.join();
  tidier.join();
}

}  // namespace
}  // namespace vigil::collector
