// SPDX-License-Identifier: Apache-2.0
//
// Exemplars in a store: kept over kills and flushes, apart by tenant, gone with their partition.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::IsEmpty;
using testing::kStartMs;
using testing::StorageHarness;

using Contents = std::map<std::string, std::set<int64_t>>;

constexpr int64_t kForever = INT64_MAX;

Contents ReadAll(Storage& storage, TimeRange range = {0, kForever},
                 TenantId tenant = kDefaultTenant) {
  Contents contents;
  const auto all = storage.ReadExemplars(tenant, {}, range);
  EXPECT_OK(all);
  std::string before;
  for (const ExemplarSeries& series : *all) {
    const std::string name = series.labels.ToString();
    EXPECT_LT(before, name) << "sorted";
    before = name;
    for (const Exemplar& exemplar : series.exemplars) {
      const int64_t ms = exemplar.time_ms - kStartMs;
      EXPECT_TRUE(contents[name].insert(ms).second) << name << " has it twice";
      EXPECT_EQ(exemplar.value, static_cast<double>(ms));
      EXPECT_EQ(exemplar.labels.Get("trace_id"), std::to_string(ms));
    }
  }
  return contents;
}

// An exemplar that says when it was made, of one of the series m{job="0"}, m{job="1"} ...
void Add(Storage& storage, int series, int64_t ms, bool with_sample, MetricBatch* batch,
         TenantId tenant = kDefaultTenant) {
  const Labels labels({{kMetricName, "m"}, {"job", std::to_string(series)}});
  const SeriesRef ref = *storage.GetOrCreateSeries(tenant, labels, {});
  if (with_sample) batch->Add(ref, kStartMs + ms, 1);
  batch->exemplars.push_back(
      {ref, {kStartMs + ms, static_cast<double>(ms), {{"trace_id", std::to_string(ms)}}}});
}

TEST(ExemplarsTest, AreExactOverKillsAndFlushes) {
  StorageHarness harness(3);
  std::mt19937 random(1129);
  const auto roll = [&random](int sides) { return static_cast<int>(random() % sides); };
  Contents expected;
  for (int step = 0; step < 300; ++step) {
    MetricBatch batch;
    const int count = 1 + roll(4);
    Contents added;
    for (int i = 0; i < count; ++i) {
      const int series = roll(5);
      const int64_t ms = roll(100'000);
      Add(harness.storage(), series, ms, /*with_sample=*/true, &batch);
      added[fmt::format("m{{job=\"{}\"}}", series)].insert(ms);
    }
    ASSERT_OK(harness.storage().WriteMetrics(kDefaultTenant, batch, {}));
    for (const auto& [series, times] : added) expected[series].insert(times.begin(), times.end());
    // Before a series has more than are kept.
    if (step % 20 == 19) {
      ASSERT_OK(harness.storage().Flush());
    }
    if (roll(15) == 0) {
      ASSERT_OK(harness.Kill());
    }
    if (step % 10 == 0) {
      ASSERT_EQ(ReadAll(harness.storage()), expected) << step;
    }
  }
  EXPECT_EQ(ReadAll(harness.storage()), expected);
}

TEST(ExemplarsTest, ASeriesWithoutSamplesSurvivesAFlush) {
  StorageHarness harness(2);
  MetricBatch first;
  Add(harness.storage(), 1, 5, /*with_sample=*/false, &first);
  ASSERT_OK(harness.storage().WriteMetrics(kDefaultTenant, first, {}));
  ASSERT_OK(harness.storage().Flush());
  // The entry that defined the series is gone; its samples must find it all the same.
  MetricBatch second;
  Add(harness.storage(), 1, 6, /*with_sample=*/true, &second);
  ASSERT_OK(harness.storage().WriteMetrics(kDefaultTenant, second, {}));
  ASSERT_OK(harness.Kill());
  EXPECT_EQ(ReadAll(harness.storage()), (Contents{{"m{job=\"1\"}", {5, 6}}}));
  EXPECT_EQ(harness.Read().samples.size(), 1);
}

TEST(ExemplarsTest, TenantsAreApart) {
  StorageHarness harness(1);
  const TenantId other = *harness.storage().Tenant("other");
  MetricBatch batch;
  Add(harness.storage(), 1, 5, true, &batch, other);
  ASSERT_OK(harness.storage().WriteMetrics(other, batch, {}));
  EXPECT_THAT(ReadAll(harness.storage()), IsEmpty());
  ASSERT_OK(harness.storage().Flush());
  EXPECT_THAT(ReadAll(harness.storage()), IsEmpty());
  EXPECT_EQ(ReadAll(harness.storage(), {0, kForever}, other).size(), 1);
}

TEST(ExemplarsTest, ARangeHasBothEnds) {
  StorageHarness harness(1);
  MetricBatch batch;
  for (const int64_t ms : {10, 20, 30}) Add(harness.storage(), 1, ms, true, &batch);
  ASSERT_OK(harness.storage().WriteMetrics(kDefaultTenant, batch, {}));
  const Contents two = {{"m{job=\"1\"}", {10, 20}}};
  EXPECT_EQ(ReadAll(harness.storage(), {kStartMs + 10, kStartMs + 20}), two);
  ASSERT_OK(harness.storage().Flush());
  EXPECT_EQ(ReadAll(harness.storage(), {kStartMs + 10, kStartMs + 20}), two);
  EXPECT_THAT(ReadAll(harness.storage(), {kStartMs + 31, kForever}), IsEmpty());
}

TEST(ExemplarsTest, RetentionTakesThemWithTheirPartition) {
  StorageOptions options;
  options.metric_retention_ms = 2 * kMillisPerDay;
  StorageHarness harness(1, options);
  MetricBatch batch;
  Add(harness.storage(), 1, -kMillisPerDay, true, &batch);
  Add(harness.storage(), 1, 0, true, &batch);
  ASSERT_OK(harness.storage().WriteMetrics(kDefaultTenant, batch, {}));
  ASSERT_OK(harness.storage().Flush());
  harness.clock().AdvanceMs(2 * kMillisPerDay);
  ASSERT_OK(harness.storage().Maintain());
  EXPECT_EQ(ReadAll(harness.storage()), (Contents{{"m{job=\"1\"}", {0}}}));
  harness.clock().AdvanceMs(2 * kMillisPerDay);
  ASSERT_OK(harness.storage().Maintain());
  EXPECT_THAT(ReadAll(harness.storage()), IsEmpty());
  int rows = 0;
  ASSERT_OK(ForEach(harness.store(), Family::kExemplars, {}, [&rows](auto, auto) {
    ++rows;
    return absl::OkStatus();
  }));
  EXPECT_EQ(rows, 0);
}

TEST(ExemplarsTest, TimesThatAreNotAdmittedAreLost) {
  StorageHarness harness(1);
  MetricBatch batch;
  Add(harness.storage(), 1, 0, true, &batch);
  batch.exemplars[0].exemplar.time_ms += kMillisPerDay;
  ASSERT_OK_AND_ASSIGN(const WriteResult result,
                       harness.storage().WriteMetrics(kDefaultTenant, batch, {}));
  EXPECT_EQ(result.rejected, 0);
  EXPECT_THAT(ReadAll(harness.storage()), IsEmpty());
}

}  // namespace
}  // namespace vigil::storage
