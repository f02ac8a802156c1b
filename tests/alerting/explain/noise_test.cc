// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/noise.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/alert.h"

namespace vigil::alerting {
namespace {

constexpr int64_t kMinute = kMillisPerMinute;
constexpr int64_t kStart = 1'767'225'600'000;

storage::Labels LabelsOf(const char* rule, const char* job) {
  return storage::Labels({{"alertname", rule}, {"job", job}});
}

class NoiseTest : public ::testing::Test {
 protected:
  // Minutes are counted from the beginning of the range.
  void Change(AlertChange change, int64_t minute, int64_t fired, const char* rule,
              const char* job = "x") {
    AlertEvent event;
    event.change = change;
    event.time_ms = kStart + minute * kMinute;
    event.fired_at_ms = kStart + fired * kMinute;
    event.rule = rule;
    event.labels = LabelsOf(rule, job);
    counter_.Add(event);
  }
  void Fired(const char* rule, int64_t from, int64_t to, const char* job = "x") {
    Change(AlertChange::kFiring, from, from, rule, job);
    Change(AlertChange::kResolved, to, from, rule, job);
  }

  static uint64_t Id(const char* rule, const char* job = "x") {
    return Fingerprint(storage::Labels({{"alertname", rule}, {"job", job}, {"region", "eu"}}));
  }
  void Told(const char* id, int64_t minute, std::vector<uint64_t> firing,
            std::vector<uint64_t> resolved = {}) {
    TrailFlush flush;
    flush.time_ms = kStart + minute * kMinute;
    flush.reason = "r";
    flush.notification_id = id;
    flush.told = {std::move(firing), std::move(resolved)};
    counter_.Add(flush);
  }
  void Held(HeldAlerts held, int64_t minute) {
    TrailFlush flush;
    flush.time_ms = kStart + minute * kMinute;
    flush.held = {std::move(held)};
    counter_.Add(flush);
  }
  void Tried(const char* id, int status, bool delivered, const char* given_up = "") {
    TrailAttempt attempt;
    attempt.notification_id = id;
    attempt.status = status;
    attempt.delivered = delivered;
    attempt.given_up = given_up;
    counter_.Add(attempt);
  }

  static std::string Text(const RuleNoise& noise) {
    return fmt::format(
        "{}: fired {} for {}m, median {}m, {} notifications tell {}, saved {}, silenced {}, "
        "inhibited {}, muted {}, short {}, failed {}\n",
        noise.rule, noise.fired, noise.firing_ms / kMinute, noise.median_ms / kMinute,
        noise.notifications, noise.told, noise.saved(), noise.silenced, noise.inhibited,
        noise.muted, noise.short_lived, noise.failed);
  }
  std::string Finish() {
    const NoiseReport report = counter_.Finish();
    std::string text;
    for (const RuleNoise& noise : report.rules) text += Text(noise);
    return text + "all" + Text(report.total);
  }

  NoiseCounter counter_{{kStart, kStart + 60 * kMinute}, storage::Labels({{"region", "eu"}})};
};

TEST_F(NoiseTest, NothingMakesNone) {
  EXPECT_EQ(Finish(),
            "all: fired 0 for 0m, median 0m, 0 notifications tell 0, saved 0, silenced 0, "
            "inhibited 0, muted 0, short 0, failed 0\n");
}

TEST_F(NoiseTest, FiringsAreCountedAndMeasuredWithinTheRange) {
  Fired("A", -10, 5);                              // Began before.
  Fired("A", 10, 15);                              // Five minutes: short.
  Fired("A", 20, 26);                              // Six: not.
  Change(AlertChange::kFiring, 50, 50, "A", "y");  // Goes on.
  Change(AlertChange::kForgotten, 40, 30, "B");    // Its rule went.
  AlertEvent pending;
  pending.change = AlertChange::kPending;
  pending.labels = LabelsOf("C", "x");
  counter_.Add(pending);
  counter_.AddFiring(LabelsOf("D", "x"), kStart - 5 * kMinute);   // All the time.
  counter_.AddFiring(LabelsOf("A", "y"), kStart + 50 * kMinute);  // Known already.
  EXPECT_EQ(
      Finish(),
      "A: fired 3 for 26m, median 6m, 0 notifications tell 0, saved 0, silenced 0, inhibited "
      "0, muted 0, short 1, failed 0\n"
      "B: fired 1 for 10m, median 10m, 0 notifications tell 0, saved 0, silenced 0, inhibited "
      "0, muted 0, short 0, failed 0\n"
      "D: fired 0 for 60m, median 0m, 0 notifications tell 0, saved 0, silenced 0, inhibited "
      "0, muted 0, short 0, failed 0\n"
      "all: fired 4 for 96m, median 8m, 0 notifications tell 0, saved 0, silenced 0, "
      "inhibited 0, muted 0, short 1, failed 0\n");
}

TEST_F(NoiseTest, NotificationsOfSeveralRulesCountForEach) {
  Fired("A", 1, 20);
  Fired("A", 1, 20, "y");
  Fired("B", 1, 20);
  Told("n1", 2, {Id("A"), Id("A", "y"), Id("B")});
  Told("n2", 22, {Id("A")}, {Id("A", "y")});
  Told("n3", 23, {77});
  Tried("n1", 500, false);
  Tried("n1", 200, true);
  Tried("n2", 404, false, "not found");
  Tried("n2", 0, false, "it is muted now");
  EXPECT_EQ(
      Finish(),
      "A: fired 2 for 38m, median 19m, 2 notifications tell 4, saved 2, silenced 0, "
      "inhibited 0, muted 0, short 0, failed 2\n"
      "B: fired 1 for 19m, median 19m, 1 notifications tell 1, saved 0, silenced 0, inhibited "
      "0, muted 0, short 0, failed 1\n"
      ": fired 0 for 0m, median 0m, 1 notifications tell 1, saved 0, silenced 0, inhibited 0, "
      "muted 0, short 0, failed 0\n"
      "all: fired 3 for 57m, median 19m, 3 notifications tell 6, saved 3, silenced 0, "
      "inhibited 0, muted 0, short 0, failed 2\n");
}

TEST_F(NoiseTest, FiringsThatWereHeldForTheirWholeLife) {
  Fired("A", 1, 10);
  Fired("A", 20, 30);
  Fired("B", 1, 10);
  Fired("C", 1, 10);
  Held({{Id("A")}, 5, {"s"}, {"night"}}, 2);
  Told("n1", 21, {Id("A")});
  Held({{Id("A"), Id("B")}, 5, {}, {}}, 3);
  Held({{Id("C")}, std::nullopt, {}, {"night"}}, 4);
  Held({{Id("C")}, std::nullopt, {"s"}, {}, ""}, 12);  // When it had ended.
  Held({{Id("C")}, std::nullopt, {}, {}, "{}"}, 3);    // It only waits for a budget.
  const NoiseReport report = counter_.Finish();
  std::string text;
  for (const RuleNoise& noise : report.rules) {
    text += fmt::format("{} {}{}{} ", noise.rule, noise.silenced, noise.inhibited, noise.muted);
  }
  EXPECT_EQ(text, "A 100 B 010 C 001 ");
  EXPECT_EQ(report.total.silenced + report.total.inhibited + report.total.muted, 3);
}

TEST_F(NoiseTest, TheLoudestComeFirst) {
  Fired("A", 1, 2);
  Fired("B", 1, 2);
  Fired("B", 3, 4);
  Fired("C", 1, 2);
  Fired("C0", 1, 2);
  Told("n1", 2, {Id("A")});
  const NoiseReport report = counter_.Finish();
  std::string order;
  for (const RuleNoise& noise : report.rules) order += noise.rule + " ";
  EXPECT_EQ(order, "A B C C0 ");
}

}  // namespace
}  // namespace vigil::alerting
