// SPDX-License-Identifier: Apache-2.0
//
// Deletion of metrics against a model in maps: over flushes, kills and failures.
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/storage.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Contents;
using ::testing::HasSubstr;
using testing::kStartMs;
using testing::StorageHarness;
using vigil::testing::StatusIs;

constexpr TimeRange kAllTime = {std::numeric_limits<int64_t>::min(),
                                std::numeric_limits<int64_t>::max()};

Labels SeriesOf(int metric, int job) {
  return Labels{{kMetricName, fmt::format("metric{}", metric)}, {"job", fmt::format("job{}", job)}};
}

std::vector<Matcher> OfJob(std::string_view job) {
  return {Matcher::Equal("job", std::string(job))};
}

// What the model has after a deletion.
Contents Without(const Contents& contents, std::string_view job, TimeRange range) {
  Contents rest;
  const std::string text = fmt::format("job=\"{}\"", job);
  for (const auto& [series, samples] : contents.samples) {
    for (const auto& [time_ms, value] : samples) {
      if (series.find(text) == std::string::npos || !range.Contains(time_ms)) {
        rest.samples[series][time_ms] = value;
      }
    }
  }
  return rest;
}

class StorageDeleteTest : public ::testing::Test {
 protected:
  void Write(int metric, int job, int64_t time_ms, double value) {
    const Labels labels = SeriesOf(metric, job);
    const absl::StatusOr<SeriesRef> ref =
        harness_.storage().GetOrCreateSeries(kDefaultTenant, labels, {});
    ASSERT_OK(ref);
    MetricBatch batch;
    batch.Add(*ref, time_ms, value);
    ASSERT_OK(harness_.storage().WriteMetrics(kDefaultTenant, batch, {}));
    model_.samples[labels.ToString()][time_ms] = value;
  }

  void Delete(std::string_view job, TimeRange range) {
    ASSERT_OK(harness_.storage().DeleteMetrics(kDefaultTenant, OfJob(job), range));
    model_ = Without(model_, job, range);
  }

  StorageHarness harness_{2};
  Contents model_;
};

TEST_F(StorageDeleteTest, SamplesGoFromHeadsAndBlocksAndStayAway) {
  for (int i = 0; i < 100; ++i) Write(0, i % 4, kStartMs - i * 60'000, i);
  ASSERT_OK(harness_.storage().Flush());
  for (int i = 0; i < 100; ++i) Write(1, i % 4, kStartMs - i * 60'000, i);
  ASSERT_OK_AND_ASSIGN(const MetricDeletion deletion,
                       harness_.storage().DeleteMetrics(kDefaultTenant, OfJob("job1"), kAllTime));
  EXPECT_EQ(deletion.series, 2u);
  EXPECT_EQ(deletion.samples, 50u);
  model_ = Without(model_, "job1", kAllTime);
  EXPECT_EQ(harness_.Read(), model_);
  ASSERT_OK(harness_.Kill());
  EXPECT_EQ(harness_.Read(), model_);  // Nothing was replayed, and the series are gone.
  Write(0, 1, kStartMs, 7);
  EXPECT_EQ(harness_.Read(), model_);
  ASSERT_OK(harness_.storage().Flush());
  ASSERT_OK(harness_.LosePower());
  EXPECT_EQ(harness_.Read(), model_);
}

TEST_F(StorageDeleteTest, RangesCutBlocks) {
  for (int i = 0; i < 1000; ++i) Write(0, 0, kStartMs - i * 1000, i);
  ASSERT_OK(harness_.storage().Flush());
  Delete("job0", {kStartMs - 500'000, kStartMs - 100'000});
  EXPECT_EQ(harness_.Read(), model_);
  EXPECT_EQ(model_.samples.begin()->second.size(), 599u);
  Delete("job0", {kStartMs - 99'999, kStartMs + 1});
  ASSERT_OK(harness_.Kill());
  EXPECT_EQ(harness_.Read(), model_);
}

TEST_F(StorageDeleteTest, OlderValueDoesNotComeBack) {
  Write(0, 0, kStartMs, 1);
  ASSERT_OK(harness_.storage().Flush());
  Write(0, 0, kStartMs, 2);
  ASSERT_OK(harness_.storage().Flush());
  Write(0, 0, kStartMs, 3);
  Delete("job0", {kStartMs, kStartMs});
  EXPECT_EQ(harness_.Read(), Contents());
  ASSERT_OK(harness_.Kill());
  EXPECT_EQ(harness_.Read(), Contents());
}

TEST_F(StorageDeleteTest, RefusesSelectorsOfEverything) {
  Write(0, 0, kStartMs, 1);
  EXPECT_THAT(harness_.storage().DeleteMetrics(kDefaultTenant, {}, kAllTime),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("every series")));
  EXPECT_THAT(
      harness_.storage().DeleteMetrics(kDefaultTenant, {Matcher::NotEqual("job", "x")}, kAllTime),
      StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(harness_.Read(), model_);
}

TEST_F(StorageDeleteTest, OtherTenantsKeepTheirs) {
  ASSERT_OK_AND_ASSIGN(const TenantId other, harness_.storage().Tenant("other"));
  Write(0, 0, kStartMs, 1);
  ASSERT_OK(harness_.storage().DeleteMetrics(other, OfJob("job0"), kAllTime));
  EXPECT_EQ(harness_.Read(), model_);
}

TEST_F(StorageDeleteTest, AgreesWithModelOverKillsAndFailures) {
  constexpr uint64_t kSeed = 2026'11'29;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937_64 random(kSeed);
  const auto below = [&](uint64_t end) { return random() % end; };
  const auto some_time = [&] { return kStartMs - static_cast<int64_t>(below(4 * kMillisPerDay)); };
  for (int step = 0; step < 400; ++step) {
    const uint64_t what = below(20);
    if (what < 12) {
      for (int i = 0; i < 10; ++i) {
        // Often at one of a few instants, so that samples replace one another.
        const int64_t time_ms =
            below(2) == 0 ? some_time() : kStartMs - static_cast<int64_t>(below(8)) * 43'200'000;
        Write(static_cast<int>(below(3)), static_cast<int>(below(4)), time_ms,
              static_cast<double>(step * 10 + i));
      }
    } else if (what < 15) {
      ASSERT_OK(harness_.storage().Flush());
    } else if (what < 16) {
      ASSERT_OK(harness_.Kill());
    } else {
      const int64_t a = some_time();
      const int64_t b = some_time();
      const TimeRange range = below(4) == 0 ? kAllTime : TimeRange{std::min(a, b), std::max(a, b)};
      const std::string job = fmt::format("job{}", below(4));
      if (below(3) == 0) {
        harness_.store().FailAt(FaultStore::Operation::kWrite, static_cast<int64_t>(below(4)) + 1,
                                absl::UnavailableError("planned"));
        const absl::Status status =
            harness_.storage().DeleteMetrics(kDefaultTenant, OfJob(job), range).status();
        harness_.store().ClearFaults();
        if (status.ok()) {
          model_ = Without(model_, job, range);
        } else {
          // Each sample is there or not; what was not to be deleted is.
          const Contents found = harness_.Read();
          const Contents least = Without(model_, job, range);
          ASSERT_EQ(Without(found, job, range), least) << "step " << step;
          model_ = found;
        }
      } else {
        Delete(job, range);
      }
    }
    ASSERT_EQ(harness_.Read(), model_) << "step " << step;
  }
}

}  // namespace
}  // namespace vigil::storage
