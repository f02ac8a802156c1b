// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/input_watch.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/promql/parser.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kMinuteMs = 60'000;

// Series that are there from one time to another, as an index knows them; counts what it is asked.
class FakeIndex final : public storage::MetricSource {
 public:
  struct Series {
    storage::Labels labels;
    TimeRange range;
  };

  std::unique_ptr<storage::MetricQuerier> NewQuerier() override {
    return std::make_unique<Querier>(this);
  }

  std::vector<Series> series;
  int asked = 0;
  bool broken = false;
  bool overflowing = false;

 private:
  class Querier final : public storage::MetricQuerier {
   public:
    explicit Querier(FakeIndex* index) : index_(*index) {}
    absl::StatusOr<std::vector<storage::SeriesHandle>> Select(
        const std::vector<storage::Matcher>& matchers, TimeRange range) override {
      ++index_.asked;
      if (index_.broken) return absl::DataLossError("broken");
      if (index_.overflowing) return absl::ResourceExhaustedError("too many");
      std::vector<storage::SeriesHandle> found;
      for (const Series& one : index_.series) {
        if (one.range.end_ms < range.start_ms || one.range.start_ms > range.end_ms) continue;
        if (storage::MatchesAll(matchers, one.labels)) {
          found.push_back({storage::SeriesRef{}, one.labels});
        }
      }
      return found;
    }
    absl::Status Read(storage::SeriesRef, TimeRange, storage::SampleColumns*) override {
      return absl::InternalError("samples are not to be read");
    }
    absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<storage::Matcher>&,
                                                        TimeRange) override {
      return std::vector<std::string>();
    }
    absl::StatusOr<std::vector<std::string>> LabelValues(const std::string&,
                                                         const std::vector<storage::Matcher>&,
                                                         TimeRange) override {
      return std::vector<std::string>();
    }

   private:
    FakeIndex& index_;
  };
};

class InputWatchTest : public ::testing::Test {
 protected:
  void Watch(std::string_view text) {
    expr_ = promql::ParseExpr(text).value();
    watch_ = InputWatch(*expr_);
  }
  // Looks at minute `minute` and tells what is known then.
  std::string LookAt(int64_t minute) {
    watch_.Look(minute * kMinuteMs, &inputs_);
    inputs_.EndRound();
    return std::string(InputStateName(watch_.status().state));
  }
  void Add(std::string_view name, int64_t from_minute, int64_t to_minute) {
    index_.series.push_back({storage::Labels({{storage::kMetricName, name}}),
                             {from_minute * kMinuteMs, to_minute * kMinuteMs}});
  }

  FakeIndex index_;
  InputIndex inputs_{&index_};
  promql::ExprPtr expr_;
  InputWatch watch_;
};

TEST_F(InputWatchTest, NeverSeenTakesAFewLooks) {
  Watch("rate(typo[5m]) > 5");
  EXPECT_EQ(LookAt(100), "");
  EXPECT_EQ(LookAt(101), "");
  EXPECT_EQ(LookAt(102), "never_seen");
  EXPECT_EQ(watch_.status().since_ms, 100 * kMinuteMs);
  EXPECT_THAT(watch_.status().missing, ElementsAre("typo"));
  Add("typo", 103, 110);
  EXPECT_EQ(LookAt(103), "present");
}

TEST_F(InputWatchTest, VanishedSinceItWasNoticed) {
  Watch("rate(x[5m]) > 5 and y offset 1h > 0");
  Add("x", 0, 100);
  EXPECT_EQ(LookAt(50), "present");
  EXPECT_THAT(watch_.status().missing, ElementsAre("y offset 1h"));
  EXPECT_EQ(LookAt(110), "present");  // Window and lookback.
  EXPECT_EQ(LookAt(111), "vanished");
  EXPECT_EQ(LookAt(112), "vanished");
  EXPECT_EQ(watch_.status().since_ms, 111 * kMinuteMs);
  Add("y", 0, 200);
  EXPECT_EQ(LookAt(113), "present");
}

TEST_F(InputWatchTest, SubqueriesAndOffsetsWidenTheWindow) {
  Watch("max_over_time(rate(x[5m])[1h:] offset 1d)");
  Add("x", 0, 100);
  EXPECT_EQ(LookAt(24 * 60 + 165), "present");
  EXPECT_EQ(LookAt(24 * 60 + 171), "vanished");
}

TEST_F(InputWatchTest, AsksOncePerMinuteForEachSelector) {
  Watch("x > 1");
  const promql::ExprPtr other_expr = promql::ParseExpr("x > 2").value();
  InputWatch other(*other_expr);
  Add("x", 0, 100);
  for (int second = 0; second < 120; ++second) {
    watch_.Look(kMinuteMs + second * 1'000, &inputs_);
    other.Look(kMinuteMs + second * 1'000, &inputs_);
    inputs_.EndRound();
  }
  EXPECT_EQ(index_.asked, 2);
  EXPECT_EQ(other.status().state, InputState::kPresent);
}

TEST_F(InputWatchTest, TheIndexTiresUntilTheRoundEnds) {
  for (int i = 0; i < InputIndex::kMaxQuestions; ++i) {
    EXPECT_FALSE(inputs_.IsTired());
    ASSERT_TRUE(inputs_.HasSeries(std::to_string(i), {}, {0, 1}, kMinuteMs).ok());
  }
  EXPECT_TRUE(inputs_.IsTired());
  inputs_.EndRound();
  EXPECT_FALSE(inputs_.IsTired());
}

TEST_F(InputWatchTest, TooManyAreSomeAndFailuresSayNothing) {
  Watch("x");
  index_.overflowing = true;
  EXPECT_EQ(LookAt(1), "present");
  index_.overflowing = false;
  index_.broken = true;
  EXPECT_EQ(LookAt(10), "present");
}

TEST_F(InputWatchTest, WithoutSelectorsThereIsNothingToTell) {
  Watch("vector(1) > time()");
  EXPECT_EQ(LookAt(1), "");
  Watch("x @ 100");
  EXPECT_EQ(LookAt(1), "");
  EXPECT_THAT(watch_.status().missing, IsEmpty());
}

}  // namespace
}  // namespace vigil::alerting
