// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/page_count.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/duration.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::vigil::testing::StatusIs;

constexpr int64_t kZeroMs = 1'767'225'600'000;  // 2026-01-01.
constexpr char kOneTeam[] = R"(
route: {receiver: team, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 1h}
receivers: [{name: team, webhook_configs: [{url: 'http://team/'}]}]
)";

int64_t Minute(int64_t minute) { return kZeroMs + minute * kMillisPerMinute; }

class PageCounterTest : public ::testing::Test {
 protected:
  void Start(const std::string& yaml) {
    ASSERT_OK_AND_ASSIGN(ManagerConfig config,
                         ParseManagerConfig("routes.yml", yaml, ManagerFiles::kIgnore));
    ASSERT_OK_AND_ASSIGN(counter_, PageCounter::Create(std::move(config), options_, Minute(0)));
  }

  // Tells of an alert as of `minute`; it is over at `end`.
  void Tell(const std::string& name, int64_t minute, int64_t begin, int64_t end) {
    Alert alert;
    alert.labels = {{"alertname", name}};
    alert.starts_at_ms = Minute(begin);
    alert.ends_at_ms = Minute(end);
    ASSERT_OK(counter_->Receive({alert}, Minute(minute)));
  }

  // Tells of an alert minute by minute as the rule engine does.
  void Fire(const std::string& name, int64_t begin, int64_t end) {
    for (int64_t minute = begin; minute < end; ++minute) Tell(name, minute, begin, minute + 4);
    Tell(name, end, begin, end);
  }

  static std::string Text(const PageCount& count) {
    std::string text;
    for (const Page& page : count.pages) {
      text += fmt::format("{} {} {} {}{}: {}, {} firing, {} resolved\n",
                          FormatDurationMs(page.time_ms - kZeroMs), page.receiver, page.integration,
                          page.route, page.group_labels.ToString(), page.reason, page.firing,
                          page.resolved);
    }
    return text;
  }

  static std::string Text(const PageTally& tally) {
    return fmt::format("{} pages, {} repeats, {} resolves, {} at night, {} alerts", tally.pages,
                       tally.repeats, tally.resolves, tally.at_night, tally.alerts);
  }

  PageOptions options_{Minute(0), Minute(180)};
  std::unique_ptr<PageCounter> counter_;
};

TEST_F(PageCounterTest, CountsFirstPagesRepeatsAndResolves) {
  Start(kOneTeam);
  Fire("A", 10, 95);
  ASSERT_OK_AND_ASSIGN(const PageCount count, counter_->Finish());
  // An hour after the first page, at 1h10m30s, the interval has not elapsed yet.
  EXPECT_EQ(Text(count),
            "10m30s team webhook/0 {}{alertname=\"A\"}: first notification, 1 firing, 0 resolved\n"
            "1h15m30s team webhook/0 {}{alertname=\"A\"}: repeat interval elapsed, 1 firing, "
            "0 resolved\n"
            "1h35m30s team webhook/0 {}{alertname=\"A\"}: all alerts resolved, 0 firing, "
            "1 resolved\n");
  EXPECT_EQ(Text(count.total), "3 pages, 1 repeats, 1 resolves, 3 at night, 3 alerts");
  EXPECT_EQ(count.total.busiest_hour.begin_ms, Minute(60));
  EXPECT_EQ(count.total.busiest_hour.pages, 2);
  EXPECT_EQ(count.total.busiest_day.begin_ms, Minute(0));
  EXPECT_EQ(count.total.busiest_day.pages, 3);
  ASSERT_EQ(count.alerts.size(), 1u);
  EXPECT_EQ(count.alerts[0].name, "A");
  EXPECT_EQ(count.alerts[0].pages, 3);
}

TEST_F(PageCounterTest, NightsHoursAndDaysAreThoseOfTheTimeZone) {
  options_.time_zone = absl::FixedTimeZone(9 * 3600 + 1800);
  Start(kOneTeam);
  Fire("A", 10, 95);
  ASSERT_OK_AND_ASSIGN(const PageCount count, counter_->Finish());
  // From 9:40:30 to 11:05:30: two hours with one page, and the one before them.
  EXPECT_EQ(count.total.at_night, 0);
  EXPECT_EQ(count.total.busiest_hour.begin_ms, Minute(-30));
  EXPECT_EQ(count.total.busiest_hour.pages, 1);
  EXPECT_EQ(count.total.busiest_day.begin_ms, Minute(-9 * 60 - 30));
}

TEST_F(PageCounterTest, AnAlertThatIsNotHeardOfEnds) {
  Start(kOneTeam);
  Tell("A", 10, 10, 14);
  ASSERT_OK_AND_ASSIGN(const PageCount count, counter_->Finish());
  EXPECT_EQ(Text(count),
            "10m30s team webhook/0 {}{alertname=\"A\"}: first notification, 1 firing, 0 resolved\n"
            "15m30s team webhook/0 {}{alertname=\"A\"}: all alerts resolved, 0 firing, "
            "1 resolved\n");
}

TEST_F(PageCounterTest, CountsWhatLiesInItsTime) {
  options_ = {Minute(11), Minute(90)};
  Start(kOneTeam);
  Fire("A", 10, 95);
  ASSERT_OK_AND_ASSIGN(const PageCount count, counter_->Finish());
  EXPECT_EQ(Text(count.total), "1 pages, 1 repeats, 0 resolves, 1 at night, 1 alerts");
}

TEST_F(PageCounterTest, TellsOfReceiversAndRoutes) {
  Start(R"(
route:
  receiver: quiet
  group_by: [alertname]
  group_wait: 0s
  routes:
    - {matchers: [alertname=A], receiver: both, continue: true}
    - {matchers: [alertname=~"A|B"], receiver: fires, group_by: []}
receivers:
  - {name: quiet}
  - name: both
    webhook_configs: [{url: 'http://one/'}, {url: 'http://two/', send_resolved: false}]
  - {name: fires, slack_configs: [{api_url: 'http://slack/', channel: '#c', send_resolved: false}]}
)");
  Fire("A", 10, 12);
  Fire("B", 13, 14);
  Fire("C", 20, 30);
  ASSERT_OK_AND_ASSIGN(const PageCount count, counter_->Finish());
  EXPECT_EQ(Text(count),
            "10m both webhook/0 {}/{alertname=\"A\"}{alertname=\"A\"}: first notification, 1 "
            "firing, 0 resolved\n"
            "10m both webhook/1 {}/{alertname=\"A\"}{alertname=\"A\"}: first notification, 1 "
            "firing, 0 resolved\n"
            "10m fires slack/0 {}/{alertname=~\"A|B\"}{}: first notification, 1 firing, 0 "
            "resolved\n"
            "15m both webhook/0 {}/{alertname=\"A\"}{alertname=\"A\"}: all alerts resolved, 0 "
            "firing, 1 resolved\n");
  ASSERT_EQ(count.receivers.size(), 3u);
  EXPECT_EQ(count.receivers[0].tally.pages, 0);
  EXPECT_EQ(Text(count.receivers[1].tally), "3 pages, 0 repeats, 1 resolves, 3 at night, 3 alerts");
  EXPECT_EQ(Text(count.receivers[2].tally), "1 pages, 0 repeats, 0 resolves, 1 at night, 1 alerts");
  ASSERT_EQ(count.routes.size(), 3u);
  EXPECT_EQ(count.routes[0].route, "{}");
  EXPECT_EQ(count.routes[0].tally.pages, 0);
  EXPECT_EQ(count.routes[1].route, "{}/{alertname=\"A\"}");
  EXPECT_EQ(count.routes[1].receiver, "both");
  EXPECT_EQ(count.routes[1].tally.pages, 3);
  EXPECT_EQ(count.routes[2].tally.pages, 1);
}

// Also where another receiver gets it: routes add up to the whole.
TEST_F(PageCounterTest, ADigestCountsForTheRouteOfItsBudget) {
  Start(R"(
route:
  receiver: team
  group_by: [alertname]
  group_wait: 0s
  notification_budget: {limit: 1, per: 1h}
  routes:
    - {matchers: [alertname=A], receiver: other}
receivers:
  - {name: team, webhook_configs: [{url: 'http://team/'}]}
  - {name: other, webhook_configs: [{url: 'http://other/'}]}
)");
  Tell("B", 1, 1, 200);
  Tell("A", 2, 2, 200);
  Tell("A", 90, 2, 200);
  ASSERT_OK_AND_ASSIGN(const PageCount count, counter_->Finish());
  ASSERT_EQ(count.pages.size(), 2u) << Text(count);
  EXPECT_EQ(count.pages[1].reason, "digest");
  EXPECT_EQ(count.pages[1].receiver, "other");
  EXPECT_EQ(count.pages[1].route, "{}");
  ASSERT_EQ(count.routes.size(), 2u);
  EXPECT_EQ(count.routes[0].tally.pages, 2);
  EXPECT_EQ(count.routes[1].tally.pages, 0);
}

TEST_F(PageCounterTest, ReadsNoFiles) {
  Start(R"(
global: {slack_api_url_file: no/such/file}
templates: ['no/such/*.tmpl']
route: {receiver: team, group_wait: 0s}
receivers:
  - name: team
    webhook_configs: [{url_file: no/such/file, http_config: {tls_config: {ca_file: no/such/ca}}}]
    slack_configs: [{channel: '#c', text: '{{ template "ours" . }}'}]
)");
  Tell("A", 10, 10, 14);
  ASSERT_OK_AND_ASSIGN(const PageCount count, counter_->Finish());
  EXPECT_EQ(count.total.pages, 3);  // Slack is not told of what is resolved.
}

TEST_F(PageCounterTest, MayBeEndedHoweverShortTheTimersAre) {
  int pulses = 0;
  options_.pulse = [&pulses]() -> absl::Status {
    return ++pulses < 3 ? absl::OkStatus() : absl::CancelledError("enough");
  };
  Start(R"(
route: {receiver: team, group_wait: 0s, group_interval: 1ms, repeat_interval: 1ms}
receivers: [{name: team}]
)");
  Tell("A", 10, 10, 170);
  EXPECT_THAT(counter_->Finish(), StatusIs(absl::StatusCode::kCancelled, "enough"));
  EXPECT_EQ(pulses, 3);
}

TEST(PageTalliesTest, KeepsSoManyPagesAndCountsTheOthers) {
  ManagerConfig config;
  config.receivers.push_back({"team", {}, {}});
  PageTallies tallies(config, {Minute(0), Minute(60)});
  for (size_t i = 0; i < kMaxPages + 2; ++i) {
    Page page;
    page.time_ms = Minute(1);
    page.receiver = "team";
    page.firing = 2;
    tallies.Add(page, {i == 0 ? "A" : "B", "C"});
  }
  const PageCount count = tallies.Finish();
  EXPECT_EQ(count.pages.size(), kMaxPages);
  EXPECT_EQ(count.dropped_pages, 2);
  EXPECT_EQ(count.total.pages, static_cast<int64_t>(kMaxPages) + 2);
  EXPECT_EQ(count.receivers[0].tally.alerts, 2 * count.total.pages);
  ASSERT_EQ(count.alerts.size(), 3u);
  EXPECT_EQ(count.alerts[0].name, "C");
  EXPECT_EQ(count.alerts[1].name, "B");
  EXPECT_EQ(count.alerts[2].pages, 1);
}

TEST(LongestWaitTest, IsThatOfAnyRoute) {
  Route route;
  route.group_wait_ms = 10;
  route.group_interval_ms = 20;
  EXPECT_EQ(LongestWaitMs(route), 20);
  route.routes.resize(2);
  route.routes[0].group_interval_ms = route.routes[1].group_interval_ms = 20;
  route.routes[0].group_wait_ms = 10;
  route.routes[1].group_wait_ms = 30;
  EXPECT_EQ(LongestWaitMs(route), 30);
}

}  // namespace
}  // namespace vigil::alerting
