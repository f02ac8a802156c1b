// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/late_data.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kNowMs = 100 * kMinuteMs;
const storage::Labels kLabels({{"alertname", "A"}});

TrackedAlert Alert(AlertState state, int64_t active_minute, int64_t fired_minute) {
  TrackedAlert tracked;
  tracked.alert.state = state;
  tracked.alert.labels = kLabels;
  tracked.alert.active_at_ms = active_minute * kMinuteMs;
  tracked.alert.fired_at_ms = fired_minute * kMinuteMs;
  tracked.last_sent_at_ms = 99 * kMinuteMs;
  tracked.unsaved = false;
  return tracked;
}

TrackedAlert Resolved(int64_t active_minute, int64_t resolved_minute) {
  TrackedAlert tracked = Alert(AlertState::kInactive, active_minute, active_minute);
  tracked.resolved_at_ms = resolved_minute * kMinuteMs;
  tracked.alert.reason = AlertReason::kRecovered;
  return tracked;
}

AlertTracker Tracker(std::vector<TrackedAlert> alerts) {
  AlertTracker tracker;
  for (TrackedAlert& alert : alerts) tracker.Restore(std::move(alert));
  return tracker;
}

const TrackedAlert& OnlyAlert(const AlertTracker& tracker) {
  return tracker.alerts().begin()->second;
}

TEST(LateDataTest, LooksAgainWheneverTheAgeHasDoubledAndBeforeItLeaves) {
  LateData data;
  std::vector<int64_t> looked;
  for (int64_t minute = 0; minute <= 12; ++minute) {
    data.Add(minute * kMinuteMs, {}, {}, 10 * kMinuteMs);
    for (const LateData::Slot* const slot : data.Due(minute * kMinuteMs, 10 * kMinuteMs)) {
      if (slot->time_ms == 0) looked.push_back(minute);
    }
  }
  EXPECT_THAT(looked, ElementsAre(1, 2, 4, 8, 10));
  EXPECT_EQ(data.slots().front().time_ms, 2 * kMinuteMs);
  EXPECT_EQ(data.slots().size(), 11u);
}

TEST(LateDataTest, SameMeasurements) {
  Measurement one;
  one.value = 1;
  Measurement other = one;
  EXPECT_TRUE(SameMeasurements({one}, {other}));
  EXPECT_FALSE(SameMeasurements({one}, {}));
  other.value = 2;
  EXPECT_FALSE(SameMeasurements({one}, {other}));
  other = one;
  other.labels = kLabels;
  EXPECT_FALSE(SameMeasurements({one}, {other}));
  other = one;
  other.events = 5;
  EXPECT_FALSE(SameMeasurements({one}, {other}));
}

TEST(LateDataTest, WhatIsAsItShouldBeStays) {
  AlertTracker live = Tracker({Alert(AlertState::kFiring, 50, 55)});
  Reconcile(Tracker({Alert(AlertState::kFiring, 50, 55)}), kNowMs, &live);
  EXPECT_FALSE(OnlyAlert(live).unsaved);
  EXPECT_EQ(OnlyAlert(live).last_sent_at_ms, 99 * kMinuteMs);
}

TEST(LateDataTest, WhatShouldNotHaveFiredIsResolved) {
  AlertTracker live = Tracker({Alert(AlertState::kFiring, 50, 55)});
  Reconcile(Tracker({}), kNowMs, &live);
  EXPECT_EQ(OnlyAlert(live).alert.state, AlertState::kInactive);
  EXPECT_EQ(OnlyAlert(live).alert.reason, AlertReason::kLateData);
  EXPECT_EQ(OnlyAlert(live).resolved_at_ms, kNowMs);
  EXPECT_TRUE(IsDueForSending(OnlyAlert(live), kNowMs, kMinuteMs));
  EXPECT_TRUE(OnlyAlert(live).unsaved);
}

// Its condition holds, but not yet for long enough.
TEST(LateDataTest, WhatFiredTooEarlyIsResolvedToo) {
  AlertTracker live = Tracker({Alert(AlertState::kFiring, 50, 55)});
  Reconcile(Tracker({Alert(AlertState::kPending, 98, 0)}), kNowMs, &live);
  EXPECT_EQ(OnlyAlert(live).alert.state, AlertState::kInactive);
  EXPECT_EQ(OnlyAlert(live).alert.reason, AlertReason::kLateData);
}

TEST(LateDataTest, WhatSeemedOverIsReopenedAndTold) {
  AlertTracker live = Tracker({Resolved(50, 95)});
  Reconcile(Tracker({Alert(AlertState::kFiring, 50, 55)}), kNowMs, &live);
  EXPECT_EQ(OnlyAlert(live).alert.state, AlertState::kFiring);
  EXPECT_EQ(OnlyAlert(live).alert.fired_at_ms, 55 * kMinuteMs);
  EXPECT_EQ(OnlyAlert(live).resolved_at_ms, 0);
  EXPECT_TRUE(IsDueForSending(OnlyAlert(live), kNowMs, kMinuteMs));
}

TEST(LateDataTest, WhatBeganEarlierBeganEarlier) {
  AlertTracker live = Tracker({Alert(AlertState::kPending, 98, 0)});
  Reconcile(Tracker({Alert(AlertState::kFiring, 90, 95)}), kNowMs, &live);
  EXPECT_EQ(OnlyAlert(live).alert.state, AlertState::kFiring);
  EXPECT_EQ(OnlyAlert(live).alert.active_at_ms, 90 * kMinuteMs);
}

TEST(LateDataTest, WhatNeverWasPendingIsForgotten) {
  AlertTracker live = Tracker({Alert(AlertState::kPending, 98, 0)});
  Reconcile(Tracker({}), kNowMs, &live);
  EXPECT_THAT(live.alerts(), IsEmpty());
  ASSERT_EQ(live.forgotten().size(), 1u);
  EXPECT_EQ(live.forgotten().front().alert.labels, kLabels);
}

// It fired and ended before anybody knew.
TEST(LateDataTest, WhatCameAndWentIsTold) {
  AlertTracker live;
  TrackedAlert gone = Resolved(90, 95);
  Reconcile(Tracker({gone}), kNowMs, &live);
  EXPECT_EQ(OnlyAlert(live).alert.state, AlertState::kInactive);
  EXPECT_TRUE(IsDueForSending(OnlyAlert(live), kNowMs, kMinuteMs));
}

}  // namespace
}  // namespace vigil::alerting
