// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/trail.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::vigil::testing::StatusIs;

constexpr int64_t kTimeMs = 1'767'225'600'123;
const std::string kKey = "manager/trail/0000019b76daa87b/00000000";

TrailFlush Flush() {
  TrailFlush flush;
  flush.time_ms = kTimeMs;
  flush.integration = {"{}#2:{a=\"b\"}", "team", 3, "slack"};
  flush.group_key = "{}:{a=\"b\"}";
  flush.reason = "first notification";
  flush.notification_id = "1f-7";
  flush.told = {{1, ~uint64_t{0}}, {2}};
  flush.held = {{{3, 4}, 5, {"s1", "s2"}, {"night"}}, {{6}, std::nullopt, {"s1"}, {}, "{}"}};
  return flush;
}

TrailAttempt Attempt(int64_t time_ms) {
  TrailAttempt attempt;
  attempt.time_ms = time_ms;
  attempt.integration = {"g", "team", 0, "webhook"};
  attempt.notification_id = "1f-7";
  attempt.status = 500;
  attempt.error = "unexpected \xff";
  attempt.retry_at_ms = time_ms + 500;
  return attempt;
}

bool Any(std::string_view) { return true; }

class TrailTest : public ::testing::Test {
 protected:
  void Add(const TrailEntry& entry) {
    storage::WriteBatch batch;
    trail_.Add(entry, &batch);
    ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
  }

  std::string Times(TimeRange range = {0, INT64_MAX}) {
    std::string text;
    EXPECT_OK(ReadTrail(store_, range, Any, [&text](const TrailEntry& entry) {
      text += fmt::format("{}{}", text.empty() ? "" : " ", TimeOf(entry));
    }));
    return text;
  }

  storage::MemoryStore store_;
  Trail trail_;
};

TEST_F(TrailTest, RowsKeepEverything) {
  ASSERT_OK_AND_ASSIGN(const TrailEntry flush, DecodeTrailEntry(kKey, EncodeTrailEntry(Flush())));
  EXPECT_EQ(std::get<TrailFlush>(flush), Flush());
  TrailFlush quiet;
  quiet.time_ms = kTimeMs;
  quiet.integration = {"g", "team", 0, ""};
  quiet.group_key = "g";
  ASSERT_OK_AND_ASSIGN(const TrailEntry nobody, DecodeTrailEntry(kKey, EncodeTrailEntry(quiet)));
  EXPECT_EQ(std::get<TrailFlush>(nobody), quiet);
  TrailAttempt attempt = Attempt(kTimeMs);
  ASSERT_OK_AND_ASSIGN(const TrailEntry tried, DecodeTrailEntry(kKey, EncodeTrailEntry(attempt)));
  attempt.error = "unexpected \xEF\xBF\xBD";
  EXPECT_EQ(std::get<TrailAttempt>(tried), attempt);
}

TEST_F(TrailTest, AttemptsAreKnownByTheirRow) {
  EXPECT_EQ(NotificationOfAttempt(EncodeTrailEntry(Attempt(5))), "1f-7");
  EXPECT_EQ(NotificationOfAttempt(EncodeTrailEntry(Flush())), "");
}

TEST_F(TrailTest, BadRowsAreTold) {
  const std::string row = EncodeTrailEntry(Flush());
  for (const char* const bad : {"", "{}", "{\"v\":2}", "{\"v\":1,\"group\":\"g\"}",
                                "{\"v\":1,\"group\":\"g\",\"receiver\":\"r\",\"firing\":\"12\"}"}) {
    EXPECT_THAT(DecodeTrailEntry(kKey, bad), StatusIs(absl::StatusCode::kDataLoss)) << bad;
  }
  for (const char* const bad : {"manager/trail/", "manager/trail/0000019b76daa87b", "x",
                                "manager/trail/0000019b76daa87b/x"}) {
    EXPECT_THAT(DecodeTrailEntry(bad, row), StatusIs(absl::StatusCode::kDataLoss)) << bad;
  }
  // One damaged row does not hide the others.
  Add(Attempt(5));
  storage::WriteBatch batch;
  batch.Put(storage::Family::kState, "manager/trail/0000000000000006/00000009", "{");
  ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
  Add(Attempt(7));
  EXPECT_EQ(Times(), "5 7");
}

TEST_F(TrailTest, IsReadInTheOrderOfTime) {
  for (const int64_t time_ms : {30, 10, 20, 20, 10'000'000}) Add(Attempt(time_ms));
  EXPECT_EQ(Times(), "10 20 20 30 10000000");
  EXPECT_EQ(Times({20, 30}), "20 20 30");
  EXPECT_EQ(Times({21, 29}), "");
  EXPECT_EQ(Times({30, 20}), "");
  std::string seen;
  ASSERT_OK(ReadTrail(
      store_, {0, INT64_MAX},
      [](std::string_view row) { return row.find("\"retry\":530") != std::string_view::npos; },
      [&seen](const TrailEntry& entry) { seen += fmt::format("{} ", TimeOf(entry)); }));
  EXPECT_EQ(seen, "30 ");
}

TEST_F(TrailTest, GoesOnAfterARestart) {
  Add(Attempt(20));
  Trail again;
  ASSERT_OK(again.Load(&store_));
  storage::WriteBatch batch;
  again.Add(Attempt(20), &batch);
  ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
  EXPECT_EQ(Times(), "20 20");
}

TEST_F(TrailTest, WhatIsOldIsDropped) {
  for (const int64_t time_ms : {100, 200, 300}) Add(Attempt(time_ms));
  storage::WriteBatch batch;
  batch.Put(storage::Family::kState, "manager/silence/x", "y");
  batch.Put(storage::Family::kState, "manager/sequence", "z");
  ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
  ASSERT_OK(DropOldTrail(store_, 0, 1000));
  ASSERT_OK(DropOldTrail(store_, 1000, 500));
  EXPECT_EQ(Times(), "100 200 300");
  ASSERT_OK(DropOldTrail(store_, 200, 400));
  EXPECT_EQ(Times(), "200 300");
  ASSERT_OK(DropOldTrail(store_, 200, 1000));
  EXPECT_EQ(Times(), "");
  ASSERT_OK_AND_ASSIGN(const auto kept, store_.Get(storage::Family::kState, "manager/silence/x"));
  EXPECT_TRUE(kept.has_value());
}

TEST_F(TrailTest, DigestsTellApartWhatIsHeld) {
  EXPECT_EQ(HeldDigest({}), 0u);
  const std::vector<HeldAlerts> held = Flush().held;
  EXPECT_EQ(HeldDigest(held), HeldDigest(Flush().held));
  std::vector<HeldAlerts> other = held;
  other[1].silenced_by = {};
  other[1].muted_by = {"s1"};
  EXPECT_NE(HeldDigest(held), HeldDigest(other));
  other = held;
  other[0].alerts.push_back(9);
  EXPECT_NE(HeldDigest(held), HeldDigest(other));
}

}  // namespace
}  // namespace vigil::alerting
