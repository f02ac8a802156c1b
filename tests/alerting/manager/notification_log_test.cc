// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/notification_log.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Integration, KeysDiffer) {
  const Integration one{"g", "r", 0};
  EXPECT_EQ(one.Key(), "0\ng\nr");
  EXPECT_NE(one.Key(), (Integration{"g", "r", 1}).Key());
  EXPECT_NE((Integration{"g", "r\nx", 0}).Key(), (Integration{"gr", "x", 0}).Key());
}

TEST(NotificationLog, EntriesLiveTwiceTheRepetitionWithinTheRetention) {
  EXPECT_EQ(MakeLogEntry({}, {}, 1000, 50).expires_at_ms, 1100);
  EXPECT_EQ(MakeLogEntry({}, {}, 1000, kRetentionMs).expires_at_ms, 1000 + kRetentionMs);
  EXPECT_EQ(MakeLogEntry({}, {}, 1000, std::numeric_limits<int64_t>::max()).expires_at_ms,
            1000 + kRetentionMs);
}

TEST(NotificationLog, AnExpiredEntryIsNone) {
  NotificationLog log;
  const Integration integration{"g", "r", 0};
  log.Put(MakeLogEntry(integration, {{1}, {2}}, 1000, 50));
  ASSERT_NE(log.Find(integration.Key(), 1099), nullptr);
  EXPECT_EQ(log.Find(integration.Key(), 1100), nullptr);
  EXPECT_EQ(log.Find("other", 1000), nullptr);
  EXPECT_THAT(log.Collect(1099), IsEmpty());
  EXPECT_THAT(log.Collect(1100), ElementsAre(integration.Key()));
  EXPECT_TRUE(log.entries().empty());
}

}  // namespace
}  // namespace vigil::alerting
