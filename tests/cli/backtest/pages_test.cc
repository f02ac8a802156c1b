// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/pages.h"

#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "cli/backtest/report.h"

namespace vigil::cli {
namespace {

constexpr int64_t kZeroMs = 1'767'225'600'000;  // 2026-01-01.

v1::PageTally Tally(int64_t pages, int64_t repeats, int64_t resolves, int64_t at_night,
                    int64_t alerts) {
  v1::PageTally tally;
  tally.set_pages(pages);
  tally.set_repeats(repeats);
  tally.set_resolves(resolves);
  tally.set_at_night(at_night);
  tally.set_alerts(alerts);
  if (pages == 0) return tally;
  tally.mutable_busiest_hour()->set_begin_ms(kZeroMs + 9 * kMillisPerHour);
  tally.mutable_busiest_hour()->set_pages(2);
  tally.mutable_busiest_day()->set_begin_ms(kZeroMs);
  tally.mutable_busiest_day()->set_pages(pages);
  return tally;
}

void AddReceiver(const char* name, const v1::PageTally& tally, v1::BacktestPages* pages) {
  v1::ReceiverPages* const receiver = pages->add_receivers();
  receiver->set_receiver(name);
  *receiver->mutable_tally() = tally;
}

void AddRoute(const char* route, const char* receiver, const v1::PageTally& tally,
              v1::BacktestPages* pages) {
  v1::RoutePages* const one = pages->add_routes();
  one->set_route(route);
  one->set_receiver(receiver);
  *one->mutable_tally() = tally;
}

void AddAlert(const char* name, int64_t count, v1::BacktestPages* pages) {
  v1::AlertPages* const alert = pages->add_alerts();
  alert->set_alertname(name);
  alert->set_pages(count);
}

// Seven pages to one team.
v1::BacktestPages OneTeam() {
  v1::BacktestPages pages;
  *pages.mutable_total() = Tally(7, 2, 3, 1, 12);
  AddReceiver("team", pages.total(), &pages);
  AddRoute("{}", "team", pages.total(), &pages);
  AddAlert("High", 6, &pages);
  AddAlert("Warn", 3, &pages);
  return pages;
}

// Thirty, to two receivers of which one is no more.
v1::BacktestPages TwoReceivers() {
  v1::BacktestPages pages;
  *pages.mutable_total() = Tally(30, 10, 9, 4, 30);
  AddReceiver("team", Tally(20, 10, 9, 4, 20), &pages);
  AddReceiver("boss", Tally(10, 0, 0, 0, 10), &pages);
  AddRoute("{}", "team", Tally(20, 10, 9, 4, 20), &pages);
  AddRoute("{}/{severity=\"page\"}", "boss", Tally(10, 0, 0, 0, 10), &pages);
  AddAlert("High", 30, &pages);
  return pages;
}

class PagesTest : public ::testing::Test {
 protected:
  std::string Text(bool unicode = true) const {
    Terminal terminal;
    terminal.unicode = unicode;
    return PagesText(verdicts_, terminal);
  }

  Verdicts verdicts_;
};

TEST_F(PagesTest, NothingIsSaidUnlessTheyWereCounted) {
  EXPECT_EQ(Text(), "");
  EXPECT_EQ(CountPages(verdicts_), 0);
  EXPECT_FALSE(PagesMore(verdicts_));
}

TEST_F(PagesTest, OneSide) {
  verdicts_.pages = OneTeam();
  EXPECT_EQ(Text(),
            "\n"
            "Pages (hours, days and nights: UTC)\n"
            "\n"
            "receiver  pages  repeats  resolves  at night  alerts  busiest hour           "
            "busiest day\n"
            "team          7        2         3         1      12  2 at 2026-01-01 09:00  "
            "7 on 2026-01-01\n"
            "\n"
            "most by: High 6 (86 %), Warn 3 (43 %)\n"
            "pages 7\n");
  EXPECT_EQ(CountPages(verdicts_), 7);
}

TEST_F(PagesTest, TimesAreThoseOfTheZone) {
  verdicts_.pages = OneTeam();
  verdicts_.time_zone = absl::FixedTimeZone(-10 * 3600);
  EXPECT_NE(Text().find("2 at 2025-12-31 23:00"), std::string::npos) << Text();
}

TEST_F(PagesTest, TwoSides) {
  verdicts_.pages = OneTeam();
  verdicts_.against_pages = TwoReceivers();
  EXPECT_EQ(Text(),
            "\n"
            "Pages (hours, days and nights: UTC)\n"
            "\n"
            "receiver  pages   repeats  resolves  at night  alerts   busiest hour           "
            "busiest day\n"
            "team      20 → 7  10 → 2   9 → 3     4 → 1     20 → 12  2 at 2026-01-01 09:00  "
            "7 on 2026-01-01\n"
            "boss      10 → 0  0 → 0    0 → 0     0 → 0     10 → 0\n"
            "\n"
            "route                 receiver  pages   repeats  resolves  at night  alerts   "
            "busiest hour           busiest day\n"
            "{}                    team      20 → 7  10 → 2   9 → 3     4 → 1     20 → 12  "
            "2 at 2026-01-01 09:00  7 on 2026-01-01\n"
            "{}/{severity=\"page\"}  boss      10 → 0  0 → 0    0 → 0     0 → 0     10 → 0\n"
            "\n"
            "most by: High 6 (86 %), Warn 3 (43 %)\n"
            "pages 30 → 7 (−77 %)\n");
  EXPECT_FALSE(PagesMore(verdicts_));
}

TEST_F(PagesTest, MorePages) {
  verdicts_.pages = TwoReceivers();
  verdicts_.against_pages = OneTeam();
  EXPECT_TRUE(PagesMore(verdicts_));
  EXPECT_TRUE(Text(/*unicode=*/false).ends_with("\npages 7 -> 30 (+329 %)\n")) << Text(false);
  verdicts_.pages = OneTeam();
  EXPECT_FALSE(PagesMore(verdicts_));
  EXPECT_TRUE(Text().ends_with("\npages 7 → 7 (0 %)\n")) << Text();
  verdicts_.against_pages = v1::BacktestPages();
  EXPECT_TRUE(PagesMore(verdicts_));
  EXPECT_TRUE(Text().ends_with("\npages 0 → 7\n")) << Text();
}

TEST_F(PagesTest, JsonTellsAll) {
  v1::BacktestPages pages = OneTeam();
  v1::Page piece;
  piece.set_time_ms(kZeroMs);
  piece.set_receiver("team");
  piece.set_integration("webhook/0");
  piece.set_route("{}");
  v1::Label* const label = piece.add_group_labels();
  label->set_name("job");
  label->set_value("x");
  piece.set_reason("first notification");
  piece.set_firing(2);
  *pages.add_pages() = piece;
  pages.set_dropped_pages(6);
  verdicts_.pages = pages;
  const std::string tally = R"("pages":7,"repeats":2,"resolves":3,"atNight":1,"alerts":12,)"
                            R"("busiestHour":{"begin":"2026-01-01T09:00:00.000Z","pages":2},)"
                            R"("busiestDay":{"begin":"2026-01-01T00:00:00.000Z","pages":7}})";
  EXPECT_EQ(JsonPages(pages, verdicts_).dump(),
            R"({"timeZone":"UTC","total":{)" + tally + R"(,"receivers":[{"receiver":"team",)" +
                tally + R"(],"routes":[{"route":"{}","receiver":"team",)" + tally +
                R"(],"alerts":[{"alertname":"High","pages":6,"share":0.8571428571428571},)"
                R"({"alertname":"Warn","pages":3,"share":0.42857142857142855}],)"
                R"("list":[{"time":"2026-01-01T00:00:00.000Z","receiver":"team",)"
                R"("integration":"webhook/0","route":"{}","groupLabels":{"job":"x"},)"
                R"("reason":"first notification","firing":2,"resolved":0}],"notListed":6})");
  EXPECT_TRUE(AnswerOf(verdicts_).json().contains("pages"));
  EXPECT_FALSE(AnswerOf(verdicts_).json().contains("againstPages"));
  verdicts_.against_pages = pages;
  EXPECT_TRUE(AnswerOf(verdicts_).json().contains("againstPages"));
}

TEST_F(PagesTest, TheSectionComesBehindTheRules) {
  verdicts_.pages = OneTeam();
  const std::string text = Render(AnswerOf(verdicts_), OutputFormat::kTable, Terminal());
  EXPECT_TRUE(text.ends_with(Text())) << text;
  verdicts_.compared = true;
  EXPECT_TRUE(Render(AnswerOf(verdicts_), OutputFormat::kTable, Terminal()).ends_with(Text()));
}

}  // namespace
}  // namespace vigil::cli
