// SPDX-License-Identifier: Apache-2.0
#include "alerting/history/alert_history.h"

#include <limits>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/history/history_rows.h"
#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::vigil::testing::StatusIs;

class AlertHistoryTest : public ::testing::Test {
 protected:
  static AlertEvent Event(int64_t time_ms, AlertChange change, const char* job,
                          const char* rule = "A") {
    AlertEvent event;
    event.time_ms = time_ms;
    event.change = change;
    event.group_key = "f.yml;g";
    event.rule = rule;
    event.labels = storage::Labels({{"alertname", rule}, {"job", job}});
    return event;
  }

  void Record(const AlertEvent& event) {
    storage::WriteBatch batch;
    history_.Record(event, &batch);
    ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
  }

  std::string Read(const HistoryQuery& query = {}) {
    const auto answer = history_.Read(query);
    EXPECT_OK(answer);
    std::string text;
    for (const AlertEvent& event : answer->events) {
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : ", ", event.labels.Get("job"), event.time_ms);
    }
    return text + (answer->truncated ? ", ..." : "");
  }

  storage::MemoryStore store_;
  AlertHistory history_{&store_, 1000};
};

TEST_F(AlertHistoryTest, RowsKeepEverything) {
  AlertEvent event = Event(1'767'225'600'123, AlertChange::kResolved, "x\xff");
  event.reason = "no data";
  event.annotations = storage::Labels({{"summary", "it \"was\"\n"}});
  event.value = std::numeric_limits<double>::infinity();
  event.active_at_ms = 5;
  event.fired_at_ms = 6;
  event.evidence = std::make_shared<const Evidence>(Evidence{5, "a > 5", {"t"}});
  const std::string key = HistoryKey(event);
  EXPECT_TRUE(key.starts_with("history/0000019b76daa87b/")) << key;
  EXPECT_TRUE(key.ends_with("/resolved")) << key;
  ASSERT_OK_AND_ASSIGN(const AlertEvent read, DecodeAlertEvent(key, EncodeAlertEvent(event)));
  EXPECT_EQ(read.time_ms, event.time_ms);
  EXPECT_EQ(read.change, event.change);
  EXPECT_EQ(read.reason, event.reason);
  EXPECT_EQ(read.group_key, event.group_key);
  EXPECT_EQ(read.rule, event.rule);
  EXPECT_EQ(read.labels.Get("job"), "x\xEF\xBF\xBD");
  EXPECT_EQ(read.annotations, event.annotations);
  EXPECT_EQ(read.value, event.value);
  EXPECT_EQ(read.active_at_ms, 5);
  EXPECT_EQ(read.fired_at_ms, 6);
  ASSERT_NE(read.evidence, nullptr);
  EXPECT_EQ(*read.evidence, *event.evidence);
}

TEST_F(AlertHistoryTest, BadRowsAreTold) {
  const AlertEvent event = Event(7, AlertChange::kFiring, "x");
  const std::string key = HistoryKey(event);
  const std::string row = EncodeAlertEvent(event);
  EXPECT_THAT(DecodeAlertEvent(key, "{}"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeAlertEvent(key, row.substr(1)), StatusIs(absl::StatusCode::kDataLoss));
  for (const std::string& bad : {key + "x", key.substr(0, key.size() - 1), std::string("history/"),
                                 "rules" + key, "history/x" + key.substr(9)}) {
    EXPECT_THAT(DecodeAlertEvent(bad, row), StatusIs(absl::StatusCode::kDataLoss)) << bad;
  }
  storage::WriteBatch batch;
  batch.Put(storage::Family::kState, key, "{");
  ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
  Record(Event(8, AlertChange::kFiring, "x"));
  EXPECT_EQ(Read(), "x 8");
}

TEST_F(AlertHistoryTest, AsksForSome) {
  Record(Event(10, AlertChange::kPending, "x"));
  Record(Event(11, AlertChange::kFiring, "x"));
  Record(Event(12, AlertChange::kFiring, "y"));
  Record(Event(12, AlertChange::kFiring, "z", "B"));
  Record(Event(13, AlertChange::kResolved, "x"));
  EXPECT_EQ(Read({.range = {11, 13}, .rules = {"A"}}), "x 13, y 12, x 11");
  EXPECT_EQ(Read({.selectors = {{storage::Matcher::Equal("job", "x")}}}), "x 13, x 11, x 10");
  EXPECT_EQ(Read({.changes = {AlertChange::kPending, AlertChange::kResolved}}), "x 13, x 10");
  EXPECT_EQ(Read({.rules = {"A"}, .limit = 2}), "x 13, y 12, ...");
  EXPECT_EQ(Read({.rules = {"B"}, .limit = 1}), "z 12");
  EXPECT_EQ(Read({.range = {14, 20}}), "");
  EXPECT_EQ(Read({.range = {20, 10}}), "");
  EXPECT_EQ(Read({.range = {-10, 10}}), "x 10");
}

TEST_F(AlertHistoryTest, OfEqualLabelsEachRuleHasItsOwn) {
  AlertEvent event = Event(10, AlertChange::kFiring, "x");
  Record(event);
  Record(event);
  event.group_key = "f.yml;h";
  Record(event);
  EXPECT_EQ(Read(), "x 10, x 10");
}

TEST_F(AlertHistoryTest, DropsWhatIsOld) {
  for (const int64_t time_ms : {10, 999, 1000, 2000}) {
    Record(Event(time_ms, AlertChange::kFiring, "x"));
  }
  ASSERT_OK(history_.DropOld(1000));
  EXPECT_EQ(Read(), "x 2000, x 1000, x 999, x 10");
  ASSERT_OK(history_.DropOld(2000));
  EXPECT_EQ(Read(), "x 2000, x 1000");
  ASSERT_OK(AlertHistory(&store_, 0).DropOld(9000));
  EXPECT_EQ(Read(), "x 2000, x 1000");
}

}  // namespace
}  // namespace vigil::alerting
