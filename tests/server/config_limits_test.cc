// SPDX-License-Identifier: Apache-2.0
#include "server/config_limits.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

absl::Status Read(const std::string& yaml, storage::LimitSettings* settings) {
  YamlErrors errors("vigil.yaml");
  ReadLimits(YAML::Load(yaml), settings, &errors);
  return errors.ToStatus();
}

TEST(ConfigLimitsTest, NothingLeavesTheDefaults) {
  storage::LimitSettings settings;
  EXPECT_OK(Read("", &settings));
  EXPECT_EQ(settings.defaults, storage::TenantLimits());
  EXPECT_TRUE(settings.tenants.empty());
}

TEST(ConfigLimitsTest, ATenantHasWhatItDoesNotNameFromEveryone) {
  storage::LimitSettings settings;
  ASSERT_OK(
      Read("max_series: 5\n"
           "tenants:\n"
           "  team-a: {max_log_streams: 7}\n"
           "  team-b: {max_series: 0}\n"
           "max_samples_per_second: 9\n",
           &settings));
  EXPECT_EQ(settings.defaults.max_series, 5u);
  EXPECT_EQ(settings.tenants.at("team-a").max_series, 5u);
  EXPECT_EQ(settings.tenants.at("team-a").max_log_streams, 7u);
  EXPECT_EQ(settings.tenants.at("team-a").max_samples_per_second, 9u);
  EXPECT_EQ(settings.tenants.at("team-b").max_series, 0u);
}

TEST(ConfigLimitsTest, MistakesAreNamedWithTheirPlace) {
  storage::LimitSettings settings;
  EXPECT_THAT(Read("max_series: -1\nmax_seriez: 1\ntenants:\n  a: {x: 1}\n", &settings),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("vigil.yaml:1:13: max_series must be a whole number"),
                             HasSubstr("vigil.yaml:2:1: unknown field max_seriez in limits"),
                             HasSubstr("unknown field x in limits of tenant \"a\""))));
}

}  // namespace
}  // namespace vigil::server
