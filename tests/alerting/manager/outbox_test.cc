// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/outbox.h"

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

OutboxEntry MakeEntry(uint64_t sequence, int64_t next_attempt_ms) {
  OutboxEntry entry;
  entry.integration = {"g", "r", 0};
  entry.sequence = sequence;
  entry.next_attempt_ms = next_attempt_ms;
  return entry;
}

TEST(Outbox, HoldsOneEntryForAnIntegration) {
  Outbox outbox;
  outbox.Put(MakeEntry(1, 10));
  outbox.Put(MakeEntry(2, 20));
  EXPECT_EQ(outbox.entries().size(), 1u);
  EXPECT_EQ(outbox.NextDue(), 20);
  EXPECT_TRUE(outbox.TakeDue(19).empty());
  const auto due = outbox.TakeDue(20);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0]->sequence, 2u);
}

TEST(Outbox, KnowsTheDigestThatCoversAnIntegration) {
  Outbox outbox;
  OutboxEntry digest = MakeEntry(1, 10);
  digest.integration = {"{}:digest", "r", 0};
  digest.covers = {{"g", {{1}, {}}}, {"h", {{2}, {}}}};
  outbox.Put(digest);
  EXPECT_EQ(outbox.FindDigestFor({"g", "r", 0})->sequence, 1u);
  EXPECT_EQ(outbox.FindDigestFor({"h", "r", 0})->sequence, 1u);
  EXPECT_EQ(outbox.FindDigestFor({"g", "r", 1}), nullptr);
  EXPECT_EQ(outbox.FindDigestFor({"g", "s", 0}), nullptr);
  EXPECT_EQ(outbox.FindDigestFor({"g", "r", 0, "slack"}), nullptr);

  digest.sequence = 2;
  digest.covers.erase("h");
  outbox.Put(digest);
  EXPECT_EQ(outbox.FindDigestFor({"g", "r", 0})->sequence, 2u);
  EXPECT_EQ(outbox.FindDigestFor({"h", "r", 0}), nullptr);
  outbox.Remove(digest.integration.Key());
  EXPECT_EQ(outbox.FindDigestFor({"g", "r", 0}), nullptr);
}

TEST(Outbox, WhatIsInFlightIsNotDue) {
  Outbox outbox;
  OutboxEntry* const entry = outbox.Put(MakeEntry(1, 10));
  entry->in_flight = true;
  outbox.Reschedule(*entry);
  EXPECT_EQ(outbox.NextDue(), kNever);
  entry->in_flight = false;
  entry->next_attempt_ms = 30;
  outbox.Reschedule(*entry);
  EXPECT_EQ(outbox.NextDue(), 30);
  outbox.Remove(entry->integration.Key());
  EXPECT_EQ(outbox.NextDue(), kNever);
  EXPECT_TRUE(outbox.entries().empty());
}

}  // namespace
}  // namespace vigil::alerting
