// SPDX-License-Identifier: Apache-2.0
//
// Running totals against a store: requests at once, failures, restarts, and too many streams, held
// against a plain model.
#include "collector/otlp/delta_accumulator.h"

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using storage::kDefaultTenant;
using storage::MetricBatch;
using storage::SeriesRef;
using storage::testing::kStartMs;
using storage::testing::StorageHarness;
using ::testing::HasSubstr;

// A store and who adds up for it, as one process has them.
class DeltaAccumulatorTest : public ::testing::Test {
 protected:
  void Start(size_t max_streams) {
    max_streams_ = max_streams;
    accumulator_ = std::make_unique<DeltaAccumulator>(&harness_.storage(), max_streams);
  }
  void Restart() {
    accumulator_.reset();
    ASSERT_OK(harness_.Kill());
    Start(max_streams_);
  }

  DeltaPoint Point(int stream, int64_t end_ms, double value) {
    const storage::Labels labels(
        {{"__name__", "c"}, {"job", std::to_string(stream % 7)}, {"n", std::to_string(stream)}});
    DeltaPoint point;
    point.stream = *harness_.storage().GetOrCreateSeries(kDefaultTenant, labels, {});
    point.time_ns = static_cast<uint64_t>(kStartMs + end_ms) * kNanosPerMilli;
    point.value = value;
    point.metric = "c";
    return point;
  }

  // Streams with the end and the value of a point.
  using Sent = std::vector<std::pair<int, std::pair<int64_t, double>>>;
  std::vector<DeltaPoint> Points(const Sent& sent) {
    std::vector<DeltaPoint> points;
    for (const auto& [stream, point] : sent) {
      points.push_back(Point(stream, point.first, point.second));
    }
    return points;
  }

  absl::Status Send(std::vector<DeltaPoint> points, Rejections* rejections) {
    MetricBatch batch;
    DeltaAccumulator::Claim claim =
        accumulator_->Accumulate(kDefaultTenant, std::move(points), &batch, rejections);
    const absl::Status status = harness_.storage().WriteMetrics(kDefaultTenant, batch, {}).status();
    if (status.ok()) claim.SetStored();
    return status;
  }

  StorageHarness harness_{3};
  size_t max_streams_ = 0;
  std::unique_ptr<DeltaAccumulator> accumulator_;
};

std::string SeriesName(int stream) {
  return fmt::format("c{{job=\"{}\", n=\"{}\"}}", stream % 7, stream);
}

TEST_F(DeltaAccumulatorTest, TellsWhatItRefuses) {
  Start(10);
  Rejections rejections;
  std::vector<DeltaPoint> points;
  points.push_back(Point(1, 20, 1));
  points.push_back(Point(1, 20, 2));
  ASSERT_OK(Send(std::move(points), &rejections));
  std::vector<DeltaPoint> late;
  late.push_back(Point(1, 10, 1));
  ASSERT_OK(Send(std::move(late), &rejections));
  EXPECT_EQ(rejections.Outcome().rejected, 2);
  EXPECT_THAT(rejections.Outcome().message, HasSubstr("time of another one in the request"));
  EXPECT_THAT(rejections.Outcome().message, HasSubstr("ends before the last one"));
}

TEST_F(DeltaAccumulatorTest, NoPointsClaimNothing) {
  Start(10);
  Rejections rejections;
  EXPECT_OK(Send({}, &rejections));
  EXPECT_EQ(accumulator_->size(), 0);
}

TEST_F(DeltaAccumulatorTest, TooManyStreamsAreForgottenAndTakenUpAgain) {
  Start(10);
  constexpr int kStreams = 40;
  for (int round = 1; round <= 3; ++round) {
    for (int stream = 0; stream < kStreams; ++stream) {
      Rejections rejections;
      std::vector<DeltaPoint> points;
      points.push_back(Point(stream, round, 1));
      ASSERT_OK(Send(std::move(points), &rejections));
      EXPECT_EQ(rejections.count(), 0);
      EXPECT_LE(accumulator_->size(), 11);
    }
  }
  const auto samples = harness_.Read().samples;
  ASSERT_EQ(samples.size(), kStreams);
  for (const auto& [series, values] : samples) EXPECT_EQ(values.rbegin()->second, 3) << series;
}

// Each thread sends increments of 1 to the same streams at instants of its own; those that come
// behind a later one are refused. What is stored is exactly what was taken, and rises with time.
TEST_F(DeltaAccumulatorTest, RequestsAtOnceShareTheirStreams) {
  Start(100);
  constexpr int kStreams = 5;
  constexpr int kThreads = 4;
  std::atomic<int64_t> clock{0};
  std::atomic<int64_t> refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const int64_t now = ++clock;
        std::vector<DeltaPoint> points;
        // In orders of their own: none may wait for another for ever.
        for (int s = 0; s < kStreams; ++s) points.push_back(Point((s + t) % kStreams, now, 1));
        Rejections rejections;
        EXPECT_OK(Send(std::move(points), &rejections));
        refused += rejections.count();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int64_t total = 0;
  for (const auto& [series, values] : harness_.Read().samples) {
    double before = 0;
    for (const auto& [time_ms, value] : values) EXPECT_EQ(value, ++before) << series;
    total += static_cast<int64_t>(before);
  }
  EXPECT_EQ(total, kThreads * 50 * kStreams - refused.load());
}

// Random points, most in order, some late, some twice, with failures of the disk, flushes, kills
// and few totals in memory, against sums in a map.
TEST_F(DeltaAccumulatorTest, IsExactOverFailuresAndRestarts) {
  Start(6);
  constexpr int kStreams = 12;
  std::mt19937 random(20261129);
  const auto roll = [&random](int sides) { return static_cast<int>(random() % sides); };
  struct Model {
    double total = 0;
    int64_t last = 0;
    std::map<int64_t, double> samples;
  };
  std::vector<Model> models(kStreams);
  Sent last_sent;
  for (int step = 1; step <= 1500; ++step) {
    Sent sent;
    const bool retry = roll(4) == 0 && !last_sent.empty();
    if (retry) {
      sent = last_sent;
    } else {
      for (int stream = 0; stream < kStreams; ++stream) {
        if (roll(3) != 0) continue;
        const int64_t time = models[stream].last + (roll(8) == 0 ? -roll(5) : 1 + roll(20));
        if (time > 0) sent.push_back({stream, {time, roll(100)}});
      }
    }
    if (roll(10) == 0) {
      // Of the shards that are written some may have been before one fails; the sender tries again.
      harness_.store().FailAt(storage::FaultStore::Operation::kWrite, 1 + roll(3),
                              absl::ResourceExhaustedError("disk full"));
      Rejections ignored;
      const absl::Status status = Send(Points(sent), &ignored);
      harness_.store().ClearFaults();
      if (!status.ok() && roll(2) == 0) Restart();
    }
    Rejections rejections;
    std::vector<DeltaPoint> points = Points(sent);
    std::shuffle(points.begin(), points.end(), random);
    ASSERT_OK(Send(std::move(points), &rejections));
    int64_t late = 0;
    for (const auto& [stream, point] : sent) {
      Model& model = models[stream];
      if (point.first < model.last) ++late;
      if (point.first <= model.last) continue;
      model.last = point.first;
      model.total += point.second;
      model.samples[kStartMs + point.first] = model.total;
    }
    EXPECT_EQ(rejections.count(), late) << "step " << step;
    last_sent = sent;
    if (roll(40) == 0) {
      ASSERT_OK(harness_.storage().Flush());
    }
    if (roll(40) == 0) Restart();
  }
  std::map<std::string, std::map<int64_t, double>> expected;
  for (int stream = 0; stream < kStreams; ++stream) {
    if (!models[stream].samples.empty()) expected[SeriesName(stream)] = models[stream].samples;
  }
  EXPECT_EQ(harness_.Read().samples, expected);
}

}  // namespace
}  // namespace vigil::collector
