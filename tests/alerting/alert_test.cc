// SPDX-License-Identifier: Apache-2.0
#include "alerting/alert.h"

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

// Values of Alertmanager's fingerprint, which others show and compare.
TEST(AlertTest, Fingerprints) {
  EXPECT_EQ(Fingerprint({}), 0xcbf29ce484222325u);
  EXPECT_EQ(Fingerprint(storage::Labels({{"alertname", "X"}})), 0xd2aeefc389ca7746u);
  EXPECT_EQ(Fingerprint(storage::Labels({{"b", "c"}, {"alertname", "X"}})), 0xd44f8105b20eb7d3u);
}

}  // namespace
}  // namespace vigil::alerting
