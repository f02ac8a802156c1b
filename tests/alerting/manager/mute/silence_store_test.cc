// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/silence_store.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/manager/notification_log.h"
#include "base/clock.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using vigil::testing::StatusIs;

constexpr int64_t kNowMs = 1'000'000;

Silence Of(int64_t starts_at_ms, int64_t ends_at_ms, std::string id = "") {
  Silence silence;
  silence.id = std::move(id);
  silence.matchers = {storage::Matcher::Equal("a", "x")};
  silence.starts_at_ms = starts_at_ms;
  silence.ends_at_ms = ends_at_ms;
  return silence;
}

SilenceState StateOf(const SilenceStore& store, std::string_view id, int64_t now_ms = kNowMs) {
  return store.Find(id)->StateAt(now_ms);
}

TEST(SilenceStore, ANewOneBeginsNowAtTheEarliest) {
  SilenceStore store;
  ASSERT_OK_AND_ASSIGN(const auto set, store.Set(Of(5, kNowMs + 10), "1", kNowMs));
  EXPECT_EQ(set.id, "1");
  EXPECT_THAT(set.changed, ElementsAre("1"));
  EXPECT_EQ(store.Find("1")->starts_at_ms, kNowMs);
  EXPECT_EQ(store.Find("1")->updated_at_ms, kNowMs);
  ASSERT_OK(store.Set(Of(kNowMs + 5, kNowMs + 10), "2", kNowMs));
  EXPECT_EQ(StateOf(store, "2", kNowMs + 4), SilenceState::kPending);
  EXPECT_EQ(StateOf(store, "2", kNowMs + 5), SilenceState::kActive);
  EXPECT_EQ(StateOf(store, "2", kNowMs + 9), SilenceState::kActive);
  EXPECT_EQ(StateOf(store, "2", kNowMs + 10), SilenceState::kExpired);
}

TEST(SilenceStore, TheOlderOfTwoThatEndTogetherIsListedFirst) {
  SilenceStore store;
  ASSERT_OK(store.Set(Of(0, 2 * kNowMs), "b", kNowMs));
  ASSERT_OK(store.Set(Of(0, 2 * kNowMs), "a", kNowMs + 1));
  const auto all = [](const Silence&, SilenceState) { return true; };
  const std::vector<const Silence*> sorted = SortedSilences(store, all, kNowMs + 2);
  ASSERT_EQ(sorted.size(), 2u);
  EXPECT_EQ(sorted[0]->id, "b");
  EXPECT_EQ(sorted[1]->id, "a");
}

TEST(SilenceStore, RefusesWhatMakesNoSense) {
  SilenceStore store;
  const auto set = [&](Silence silence) { return store.Set(silence, "1", kNowMs).status(); };
  EXPECT_THAT(set(Of(1, 5)), StatusIs(absl::StatusCode::kInvalidArgument,
                                      "Failed to create silence: end time can't be in the past"));
  EXPECT_THAT(set(Of(kNowMs + 5, kNowMs + 5)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "Failed to create silence: start time must be before end time"));
  EXPECT_THAT(set(Of(1, 2 * kNowMs, "no")),
              StatusIs(absl::StatusCode::kNotFound, "silence not found"));
  Silence silence = Of(1, 2 * kNowMs);
  silence.matchers.clear();
  EXPECT_THAT(set(silence), StatusIs(absl::StatusCode::kInvalidArgument,
                                     "invalid silence: at least one matcher required"));
  silence.matchers = {storage::Matcher::Equal("a", ""), storage::Matcher::Equal("b", "")};
  EXPECT_THAT(set(silence),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "invalid silence: at least one matcher must not match the empty string"));
  silence.matchers = {storage::Matcher::Equal("\xff", "x")};
  EXPECT_FALSE(set(silence).ok());
  EXPECT_THAT(store.silences(), IsEmpty());
  silence.matchers = {storage::Matcher::NotEqual("a", "x")};
  EXPECT_OK(set(silence)) << "all but x";
}

TEST(SilenceStore, AnActiveOneIsChangedInPlaceIfItsPastStays) {
  SilenceStore store;
  ASSERT_OK(store.Set(Of(kNowMs, kNowMs + 10'000), "1", kNowMs));
  Silence longer = Of(kNowMs, kNowMs + 20'000, "1");
  longer.comment = "longer";
  ASSERT_OK_AND_ASSIGN(const auto set, store.Set(longer, "2", kNowMs + 500));
  EXPECT_EQ(set.id, "1");
  EXPECT_THAT(set.changed, ElementsAre("1"));
  EXPECT_EQ(store.Find("1")->ends_at_ms, kNowMs + 20'000);
  EXPECT_EQ(store.Find("1")->comment, "longer");
  EXPECT_EQ(store.Find("1")->updated_at_ms, kNowMs + 500);
  // Another start: that would be another past.
  ASSERT_OK_AND_ASSIGN(const auto moved,
                       store.Set(Of(kNowMs + 2'000, kNowMs + 20'000, "1"), "2", kNowMs + 500));
  EXPECT_EQ(moved.id, "2");
  EXPECT_THAT(moved.changed, ElementsAre("1", "2"));
  EXPECT_EQ(StateOf(store, "1", kNowMs + 500), SilenceState::kExpired);
  EXPECT_EQ(StateOf(store, "2", kNowMs + 500), SilenceState::kPending);
}

TEST(SilenceStore, OtherMatchersMakeAnotherSilence) {
  SilenceStore store;
  ASSERT_OK(store.Set(Of(kNowMs, kNowMs + 10'000), "1", kNowMs));
  Silence other = Of(kNowMs, kNowMs + 10'000, "1");
  other.matchers = {storage::Matcher::Equal("a", "y")};
  ASSERT_OK_AND_ASSIGN(const auto set, store.Set(other, "2", kNowMs + 1));
  EXPECT_EQ(set.id, "2");
  EXPECT_EQ(store.Find("2")->starts_at_ms, kNowMs + 1);
  EXPECT_EQ(StateOf(store, "1", kNowMs + 1), SilenceState::kExpired);
}

TEST(SilenceStore, APendingOneMovesWithinTheFuture) {
  SilenceStore store;
  ASSERT_OK(store.Set(Of(kNowMs + 100, kNowMs + 200), "1", kNowMs));
  ASSERT_OK_AND_ASSIGN(const auto later,
                       store.Set(Of(kNowMs + 150, kNowMs + 200, "1"), "2", kNowMs));
  EXPECT_EQ(later.id, "1");
  ASSERT_OK_AND_ASSIGN(const auto now, store.Set(Of(kNowMs - 1, kNowMs + 200, "1"), "2", kNowMs));
  EXPECT_EQ(now.id, "2");
  EXPECT_EQ(StateOf(store, "1"), SilenceState::kExpired);
  EXPECT_EQ(StateOf(store, "2"), SilenceState::kActive);
}

TEST(SilenceStore, AnExpiredOneIsLeftAlone) {
  SilenceStore store;
  ASSERT_OK(store.Set(Of(kNowMs, kNowMs + 10), "1", kNowMs));
  ASSERT_OK_AND_ASSIGN(const auto set, store.Set(Of(kNowMs, kNowMs + 100, "1"), "2", kNowMs + 20));
  EXPECT_EQ(set.id, "2");
  EXPECT_THAT(set.changed, ElementsAre("2"));
  EXPECT_EQ(store.Find("1")->ends_at_ms, kNowMs + 10);
}

TEST(SilenceStore, ExpiringEndsNow) {
  SilenceStore store;
  ASSERT_OK(store.Set(Of(kNowMs, kNowMs + 100), "active", kNowMs));
  ASSERT_OK(store.Set(Of(kNowMs + 50, kNowMs + 100), "pending", kNowMs));
  ASSERT_OK_AND_ASSIGN(bool changed, store.Expire("active", kNowMs + 1));
  EXPECT_TRUE(changed);
  EXPECT_EQ(store.Find("active")->ends_at_ms, kNowMs + 1);
  EXPECT_EQ(StateOf(store, "active", kNowMs + 1), SilenceState::kExpired);
  ASSERT_OK(store.Expire("pending", kNowMs + 1));
  EXPECT_EQ(store.Find("pending")->starts_at_ms, kNowMs + 1);
  EXPECT_EQ(store.Find("pending")->ends_at_ms, kNowMs + 1);
  ASSERT_OK_AND_ASSIGN(changed, store.Expire("active", kNowMs + 2));
  EXPECT_FALSE(changed);
  EXPECT_EQ(store.Find("active")->ends_at_ms, kNowMs + 1);
  EXPECT_THAT(store.Expire("no", kNowMs).status(),
              StatusIs(absl::StatusCode::kNotFound, "silence not found"));
}

TEST(SilenceStore, SaysWhichMute) {
  SilenceStore store;
  ASSERT_OK(store.Set(Of(kNowMs, kNowMs + 100), "2", kNowMs));
  ASSERT_OK(store.Set(Of(kNowMs, kNowMs + 50), "1", kNowMs));
  EXPECT_THAT(store.Muting({{"a", "x"}, {"b", "y"}}, kNowMs), ElementsAre("1", "2"));
  EXPECT_THAT(store.Muting({{"a", "x"}}, kNowMs + 50), ElementsAre("2"));
  EXPECT_THAT(store.Muting({{"a", "y"}}, kNowMs), IsEmpty());
  EXPECT_TRUE(store.Mutes({{"a", "x"}}, kNowMs + 99));
  EXPECT_FALSE(store.Mutes({{"a", "x"}}, kNowMs + 100));
}

TEST(SilenceStore, ForgetsAfterTheRetention) {
  SilenceStore store;
  ASSERT_OK(store.Set(Of(kNowMs, kNowMs + 100), "1", kNowMs));
  EXPECT_THAT(store.Collect(kNowMs + 99 + kRetentionMs), IsEmpty());
  EXPECT_THAT(store.Collect(kNowMs + 100 + kRetentionMs), ElementsAre("1"));
  EXPECT_THAT(store.silences(), IsEmpty());
}

TEST(SilenceStore, UuidsSayThatTheyAreRandom) {
  EXPECT_EQ(FormatUuid(0, 0), "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(FormatUuid(~uint64_t{0}, ~uint64_t{0}), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  EXPECT_EQ(FormatUuid(0x0123456789abcdef, 0x0123456789abcdef),
            "01234567-89ab-4def-8123-456789abcdef");
}

}  // namespace
}  // namespace vigil::alerting
