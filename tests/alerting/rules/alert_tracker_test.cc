// SPDX-License-Identifier: Apache-2.0
//
// What holds of every alert's way through the state machine, whatever its condition does. The exact
// instants are in testdata/states.txt.
#include "alerting/rules/alert_tracker.h"

#include <map>
#include <random>
#include <string>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::vigil::testing::StatusIs;

constexpr int64_t kStepMs = 60'000;
constexpr int kAlerts = 4;

storage::Labels LabelsOf(int i) { return storage::Labels({{"instance", fmt::to_string(i)}}); }

// What a restart must not undo.
auto Significant(const TrackedAlert& tracked) {
  const ActiveAlert& alert = tracked.alert;
  return std::tuple(alert.state, alert.active_at_ms, alert.fired_at_ms, alert.keep_firing_since_ms,
                    tracked.resolved_at_ms);
}

class AlertTrackerTest : public ::testing::Test {
 protected:
  // One evaluation in which alerts are present at random.
  void Evaluate(int64_t time_ms) {
    before_ = tracker_.alerts();
    present_.clear();
    std::vector<AlertCandidate> candidates;
    for (int i = 0; i < kAlerts; ++i) {
      // Conditions mostly stay as they were.
      if (random_() % 6 == 0) holds_[i] = !holds_[i];
      if (!holds_[i]) continue;
      candidates.push_back({LabelsOf(i), {}, 1.0 * static_cast<double>(random_() % 100)});
      present_[LabelsOf(i)] = true;
    }
    ASSERT_OK(tracker_.Update(policy_, std::move(candidates), time_ms));
  }

  void CheckAll(int64_t time_ms) {
    for (const auto& [labels, tracked] : tracker_.alerts()) Check(labels, tracked, time_ms);
    for (const auto& [labels, tracked] : before_) {
      if (tracker_.alerts().contains(labels)) continue;
      // Firing alerts are never forgotten without having been resolved.
      EXPECT_NE(tracked.alert.state, AlertState::kFiring);
      EXPECT_EQ(std::count_if(tracker_.forgotten().begin(), tracker_.forgotten().end(),
                              [&labels = labels](const TrackedAlert& forgotten) {
                                return forgotten.alert.labels == labels;
                              }),
                1);
    }
  }

  void Check(const storage::Labels& labels, const TrackedAlert& tracked, int64_t time_ms) {
    const ActiveAlert& alert = tracked.alert;
    const bool present = present_.contains(labels);
    const auto old = before_.find(labels);
    if (present) {
      EXPECT_NE(alert.state, AlertState::kInactive);
      EXPECT_EQ(alert.state == AlertState::kFiring, time_ms - alert.active_at_ms >= policy_.for_ms);
      EXPECT_EQ(alert.keep_firing_since_ms, 0);
    } else {
      EXPECT_NE(alert.state, AlertState::kPending);
      if (alert.state == AlertState::kFiring) {
        EXPECT_LT(time_ms - alert.keep_firing_since_ms, policy_.keep_firing_for_ms);
      } else {
        EXPECT_LE(time_ms - tracked.resolved_at_ms, kResolvedRetentionMs + kStepMs);
      }
    }
    const bool changed = old == before_.end() || Significant(old->second) != Significant(tracked);
    EXPECT_EQ(tracked.unsaved, changed) << labels.ToString();
  }

  void MarkSaved() {
    for (auto& [labels, tracked] : tracker_.alerts()) tracked.unsaved = false;
    tracker_.forgotten().clear();
  }

  std::mt19937 random_{11};
  AlertPolicy policy_;
  AlertTracker tracker_;
  AlertTracker::AlertMap before_;
  std::map<storage::Labels, bool> present_;
  bool holds_[kAlerts] = {};
};

TEST_F(AlertTrackerTest, InvariantsHoldForRandomConditions) {
  for (const int64_t for_steps : {0, 1, 3}) {
    for (const int64_t keep_steps : {0, 1, 4}) {
      policy_ = {for_steps * kStepMs, keep_steps * kStepMs, 0};
      tracker_ = AlertTracker();
      for (int step = 1; step <= 2'000; ++step) {
        Evaluate(step * kStepMs);
        CheckAll(step * kStepMs);
        MarkSaved();
        if (HasFailure()) FAIL() << "at step " << step << ", for " << for_steps;
      }
    }
  }
}

TEST_F(AlertTrackerTest, EqualLabelsChangeNothing) {
  ASSERT_OK(tracker_.Update(policy_, {{LabelsOf(1), {}, 1}}, kStepMs));
  EXPECT_THAT(tracker_.Update(policy_, {{LabelsOf(2), {}, 1}, {LabelsOf(2), {}, 2}}, 2 * kStepMs),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_EQ(tracker_.alerts().size(), 1u);
  EXPECT_EQ(tracker_.alerts().begin()->second.alert.state, AlertState::kFiring);
}

TEST_F(AlertTrackerTest, TheLimitForgetsAll) {
  policy_.limit = 1;
  ASSERT_OK(tracker_.Update(policy_, {{LabelsOf(1), {}, 1}}, kStepMs));
  EXPECT_THAT(tracker_.Update(policy_, {{LabelsOf(1), {}, 1}, {LabelsOf(2), {}, 1}}, 2 * kStepMs),
              StatusIs(absl::StatusCode::kResourceExhausted, "exceeded limit of 1 with 2 alerts"));
  EXPECT_TRUE(tracker_.alerts().empty());
  EXPECT_EQ(tracker_.forgotten().size(), 2u);
}

TEST_F(AlertTrackerTest, SendsWhatIsDue) {
  constexpr int64_t kResendMs = 60'000;
  policy_.for_ms = kStepMs;
  ASSERT_OK(tracker_.Update(policy_, {{LabelsOf(1), {}, 1}}, kStepMs));
  TrackedAlert& tracked = tracker_.alerts().begin()->second;
  EXPECT_FALSE(IsDueForSending(tracked, kStepMs, kResendMs));  // Pending.
  ASSERT_OK(tracker_.Update(policy_, {{LabelsOf(1), {}, 1}}, 2 * kStepMs));
  EXPECT_TRUE(IsDueForSending(tracked, 2 * kStepMs, kResendMs));
  tracked.last_sent_at_ms = 2 * kStepMs;
  EXPECT_FALSE(IsDueForSending(tracked, 2 * kStepMs + kResendMs, kResendMs));
  EXPECT_TRUE(IsDueForSending(tracked, 2 * kStepMs + kResendMs + 1, kResendMs));
  // Resolved: at once.
  ASSERT_OK(tracker_.Update(policy_, {}, 2 * kStepMs + 1));
  EXPECT_TRUE(IsDueForSending(tracked, 2 * kStepMs + 1, kResendMs));
}

}  // namespace
}  // namespace vigil::alerting
