// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/muter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01, a Thursday.

class MuterTest : public ::testing::Test {
 protected:
  MuterTest() {
    absl::StatusOr<ManagerConfig> config = ParseManagerConfig("t", R"(
route:
  receiver: a
  routes:
  - {mute_time_intervals: [thursday, january, 2025]}
  - {active_time_intervals: [2025, hour]}
  - {mute_time_intervals: [hour], active_time_intervals: [january]}
receivers: [{name: a}]
inhibit_rules: [{source_matchers: [s=c], target_matchers: [s=w]}]
time_intervals:
- {name: thursday, time_intervals: [{weekdays: [thursday]}]}
- {name: january, time_intervals: [{months: [january]}]}
- {name: "2025", time_intervals: [{years: [2025]}]}
- {name: hour, time_intervals: [{times: [{start_time: "10:00", end_time: "11:00"}]}]}
)");
    EXPECT_OK(config);
    config_ = *std::move(config);
    muter_.emplace(&config_, &alerts_, &silences_);
  }

  StoredAlert* Put(const storage::Labels& labels) {
    Alert alert;
    alert.labels = labels;
    alert.starts_at_ms = kStartMs;
    alert.ends_at_ms = kStartMs + kMillisPerDay;
    const absl::StatusOr<AlertStore::PutResult> put = alerts_.Put(alert, kStartMs, 1);
    EXPECT_OK(put);
    if (put->added) muter_->inhibitor().Add(*put->alert);
    return put->alert;
  }

  std::vector<StoredAlert*> Left(const Route& route, std::vector<StoredAlert*> alerts,
                                 int64_t now_ms = kStartMs) {
    muter_->DropMuted(route, now_ms, &alerts);
    return alerts;
  }

  ManagerConfig config_;
  AlertStore alerts_;
  SilenceStore silences_;
  std::optional<Muter> muter_;
};

TEST_F(MuterTest, NamesTheIntervalsThatMute) {
  EXPECT_THAT(muter_->MutedBy(config_.route, kStartMs), IsEmpty());
  EXPECT_THAT(muter_->MutedBy(config_.route.routes[0], kStartMs),
              ElementsAre("thursday", "january"));
  EXPECT_THAT(muter_->MutedBy(config_.route.routes[1], kStartMs), ElementsAre("2025", "hour"));
  EXPECT_THAT(muter_->MutedBy(config_.route.routes[1], kStartMs + 10 * kMillisPerHour), IsEmpty());
}

TEST_F(MuterTest, DropsAllOfARouteThatIsQuiet) {
  StoredAlert* const alert = Put({{"a", "x"}});
  EXPECT_THAT(Left(config_.route, {alert}), ElementsAre(alert));
  EXPECT_THAT(Left(config_.route.routes[0], {alert}), IsEmpty());
  EXPECT_THAT(Left(config_.route.routes[1], {alert}), IsEmpty());
  EXPECT_THAT(Left(config_.route.routes[1], {alert}, kStartMs + 10 * kMillisPerHour),
              ElementsAre(alert));
  // Muting wins over being awake.
  EXPECT_THAT(Left(config_.route.routes[2], {alert}), ElementsAre(alert));
  EXPECT_THAT(Left(config_.route.routes[2], {alert}, kStartMs + 10 * kMillisPerHour), IsEmpty());
}

TEST_F(MuterTest, DropsInhibitedAndSilencedAlertsOneByOne) {
  StoredAlert* const source = Put({{"s", "c"}});
  StoredAlert* const target = Put({{"s", "w"}});
  StoredAlert* const other = Put({{"s", "x"}});
  EXPECT_THAT(Left(config_.route, {source, target, other}), ElementsAre(source, other));
  Silence silence;
  silence.matchers = {storage::Matcher::Equal("s", "c")};
  silence.starts_at_ms = kStartMs;
  silence.ends_at_ms = kStartMs + 1;
  ASSERT_OK(silences_.Set(silence, "1", kStartMs));
  // One that is silenced itself still inhibits.
  EXPECT_THAT(Left(config_.route, {source, target, other}), ElementsAre(other));
  EXPECT_THAT(muter_->SilencedBy(source->alert.labels, kStartMs), ElementsAre("1"));
  EXPECT_EQ(muter_->InhibitedBy(target->alert.labels, kStartMs), source->fingerprint);
}

TEST_F(MuterTest, ANewConfigurationHasItsOwnRules) {
  Put({{"s", "c"}});
  ManagerConfig other = config_;
  other.inhibit_rules.clear();
  muter_->SetConfig(&other);
  EXPECT_FALSE(muter_->InhibitedBy({{"s", "w"}}, kStartMs).has_value());
  muter_->SetConfig(&config_);
  EXPECT_TRUE(muter_->InhibitedBy({{"s", "w"}}, kStartMs).has_value());
}

}  // namespace
}  // namespace vigil::alerting
