// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/alert_store.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

constexpr int64_t kResolveTimeoutMs = 300;

Alert MakeAlert(int64_t starts_at_ms, int64_t ends_at_ms) {
  Alert alert;
  alert.labels = {{"alertname", "A"}};
  alert.starts_at_ms = starts_at_ms;
  alert.ends_at_ms = ends_at_ms;
  return alert;
}

// What the store holds after the given alerts came in, each at its time.
class AlertStoreTest : public ::testing::Test {
 protected:
  const StoredAlert& Put(const Alert& alert, int64_t now_ms) {
    const auto put = store_.Put(alert, now_ms, kResolveTimeoutMs);
    EXPECT_OK(put);
    changed_ = put->changed;
    return *put->alert;
  }

  AlertStore store_;
  bool changed_ = false;
};

TEST_F(AlertStoreTest, FillsInTimes) {
  const StoredAlert& neither = Put(MakeAlert(0, 0), 1000);
  EXPECT_EQ(neither.alert.starts_at_ms, 1000);
  EXPECT_EQ(neither.alert.ends_at_ms, 1300);
  EXPECT_TRUE(neither.ends_by_timeout);
  EXPECT_EQ(neither.updated_at_ms, 1000);

  AlertStore other;
  const auto only_end = other.Put(MakeAlert(0, 900), 1000, kResolveTimeoutMs);
  ASSERT_OK(only_end);
  EXPECT_EQ(only_end->alert->alert.starts_at_ms, 900);
  EXPECT_FALSE(only_end->alert->ends_by_timeout);
}

TEST_F(AlertStoreTest, RefusesWhatIsNotAnAlert) {
  Alert alert = MakeAlert(10, 5);
  EXPECT_THAT(store_.Put(alert, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, "start time must be before end time"));
  alert.labels = {};
  EXPECT_THAT(store_.Put(alert, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, "at least one label pair required"));
  alert.labels = {{"a", ""}};
  EXPECT_THAT(store_.Put(alert, 1, 1), StatusIs(absl::StatusCode::kInvalidArgument));
  alert.labels = {{"", "x"}};
  EXPECT_THAT(store_.Put(alert, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("invalid label name")));
  alert.labels = {{"a\xff", "x"}};
  EXPECT_THAT(store_.Put(alert, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("invalid label name")));
  alert.labels = {{"a", "\xff"}};
  EXPECT_THAT(store_.Put(alert, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("invalid value of label")));
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();
  for (const Alert& extreme : {MakeAlert(kLowest, 5), MakeAlert(5, kHighest),
                               MakeAlert(kHighest, kHighest), MakeAlert(kHighest, 0)}) {
    EXPECT_THAT(store_.Put(extreme, 1, 1), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_TRUE(store_.alerts().empty());
}

TEST_F(AlertStoreTest, MendsTextForPeople) {
  Alert alert = MakeAlert(1, 5);
  alert.annotations = {{"summary", "a\xff"}};
  alert.generator_url = "\xff";
  const StoredAlert& stored = Put(alert, 1);
  EXPECT_EQ(stored.alert.annotations.Get("summary"), "a\xEF\xBF\xBD");
  EXPECT_EQ(stored.alert.generator_url, "\xEF\xBF\xBD");
}

TEST_F(AlertStoreTest, TheSameAgainIsNoChange) {
  Put(MakeAlert(100, 900), 100);
  EXPECT_TRUE(changed_);
  Put(MakeAlert(100, 900), 200);
  EXPECT_FALSE(changed_);
  EXPECT_EQ(store_.Find(Fingerprint({{"alertname", "A"}}))->updated_at_ms, 100);
}

TEST_F(AlertStoreTest, KeepsItsGroups) {
  Put(MakeAlert(100, 900), 100);
  store_.alerts().begin()->second.groups = {"g"};
  EXPECT_THAT(Put(MakeAlert(100, 950), 200).groups, ::testing::ElementsAre("g"));
}

// {stored start, end} at 100, then {start, end} at `now`: what is kept.
struct MergeCase {
  const char* what;
  int64_t old_start, old_end, start, end, now, merged_start, merged_end;
};

class Merge : public ::testing::TestWithParam<MergeCase> {};

TEST_P(Merge, KeepsTheRightTimes) {
  const MergeCase& c = GetParam();
  AlertStore store;
  ASSERT_OK(store.Put(MakeAlert(c.old_start, c.old_end), 100, kResolveTimeoutMs));
  const auto put = store.Put(MakeAlert(c.start, c.end), c.now, kResolveTimeoutMs);
  ASSERT_OK(put);
  EXPECT_EQ(put->alert->alert.starts_at_ms, c.merged_start) << c.what;
  EXPECT_EQ(put->alert->alert.ends_at_ms, c.merged_end) << c.what;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Merge,
    ::testing::Values(
        MergeCase{"extended", 100, 500, 100, 700, 200, 100, 700},
        MergeCase{"earliest start", 100, 500, 300, 700, 300, 100, 700},
        MergeCase{"an earlier end does not shorten", 100, 500, 100, 400, 200, 100, 500},
        MergeCase{"resolved", 100, 500, 100, 300, 300, 100, 300},
        MergeCase{"resolved without a start", 100, 500, 0, 300, 300, 100, 300},
        MergeCase{"both resolved: the later end", 100, 500, 100, 400, 600, 100, 500},
        MergeCase{"apart: replaced", 100, 200, 300, 700, 300, 300, 700},
        MergeCase{"touching: replaced", 100, 300, 300, 700, 300, 300, 700},
        MergeCase{"the stored end was only patience", 100, 0, 100, 350, 200, 100, 350},
        MergeCase{"patience renewed", 100, 0, 0, 0, 200, 100, 500}));

TEST_F(AlertStoreTest, CollectsWhatIsResolvedAndInNoGroup) {
  Put(MakeAlert(100, 900), 100);
  store_.Collect(899);
  EXPECT_EQ(store_.alerts().size(), 1u);
  store_.alerts().begin()->second.groups = {"g"};
  store_.Collect(900);
  EXPECT_EQ(store_.alerts().size(), 1u);
  store_.alerts().begin()->second.groups.clear();
  store_.Collect(900);
  EXPECT_TRUE(store_.alerts().empty());
}

}  // namespace
}  // namespace vigil::alerting
