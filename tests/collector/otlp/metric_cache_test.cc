// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/metric_cache.h"

#include <atomic>
#include <limits>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

PointKey KeyOf(int i) { return HashBytes(fmt::to_string(i), 1); }

TEST(MetricCacheTest, FindsWhatWasInserted) {
  MetricCache cache;
  EXPECT_EQ(MetricCache::Reader(cache).Find(KeyOf(1)), nullptr);
  cache.Insert(KeyOf(1), {storage::SeriesRef{7}, nullptr});
  const auto more = std::make_shared<const std::vector<storage::SeriesRef>>(3);
  cache.Insert(KeyOf(2), {{}, more});
  cache.Insert(KeyOf(1), {storage::SeriesRef{8}, nullptr});  // Entries are never changed.
  const MetricCache::Reader reader(cache);
  ASSERT_NE(reader.Find(KeyOf(1)), nullptr);
  EXPECT_EQ(reader.Find(KeyOf(1))->first, storage::SeriesRef{7});
  EXPECT_EQ(reader.Find(KeyOf(2))->more, more);
  EXPECT_EQ(reader.Find(KeyOf(3)), nullptr);
}

TEST(MetricCacheTest, IsBounded) {
  MetricCache cache(10);
  for (int i = 0; i < 1000; ++i) {
    cache.Insert(KeyOf(i), {storage::SeriesRef{1}, nullptr});
    EXPECT_LE(cache.size(), 10);
    EXPECT_NE(MetricCache::Reader(cache).Find(KeyOf(i)), nullptr) << "the newest is there";
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

TEST(MetricCacheTest, ReadersAndWritersAtOnce) {
  MetricCache cache(50);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const MetricCache::Reader open(cache);
      for (int i = 0; i < 100; ++i) {
        const PointTarget* const found = open.Find(KeyOf(i));
        const storage::SeriesRef expected{static_cast<uint64_t>(i)};
        EXPECT_TRUE(found == nullptr || found->first == expected);
      }
    }
  });
  for (int i = 0; i < 5000; ++i) {
    cache.Insert(KeyOf(i % 100), {storage::SeriesRef{static_cast<uint64_t>(i % 100)}, nullptr});
  }
  done = true;
  reader.join();
}

}  // namespace
}  // namespace vigil::collector
