// SPDX-License-Identifier: Apache-2.0
#include "server/config_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::server {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

TEST(ConfigFlagsTest, LinksGoOnWithASlashOfTheirOwn) {
  const absl::StatusOr<Config> config =
      ParseConfig("vigil.yaml", "global: {external_url: 'http://h/vigil//'}", Config());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(FlagsOf(*config, exec::EngineOptions()),
              Contains(Pair("web.external-url", "http://h/vigil")));
}

TEST(ConfigFlagsTest, TellsWhatIsInForce) {
  Config config;
  config.file = "/etc/vigil.yaml";
  config.queries.max_running = 7;
  config.http_listen = {"0.0.0.0", 9090};
  exec::EngineOptions engine;
  engine.lookback_ms = 60'000;
  engine.max_samples = 1000;
  const auto flags = FlagsOf(config, engine);
  EXPECT_THAT(flags, Contains(Pair("config.file", "/etc/vigil.yaml")));
  EXPECT_THAT(flags, Contains(Pair("query.max-concurrency", "7")));
  EXPECT_THAT(flags, Contains(Pair("query.max-samples", "1000")));
  EXPECT_THAT(flags, Contains(Pair("query.lookback-delta", "1m")));
  EXPECT_THAT(flags, Contains(Pair("query.timeout", "2m")));
  EXPECT_THAT(flags, Contains(Pair("storage.tsdb.retention.time", "31d")));
  EXPECT_THAT(flags, Contains(Pair("web.listen-address", "0.0.0.0:9090")));
  EXPECT_THAT(flags, Contains(Pair("web.enable-admin-api", "false")));
  EXPECT_THAT(flags, Contains(Pair("enable-feature", HasSubstr("promql-experimental-functions"))));
  config.admin_api = true;
  engine.language.experimental_functions = false;
  engine.delayed_name_removal = engine.type_and_unit_labels = true;
  const auto others = FlagsOf(config, engine);
  EXPECT_THAT(others, Contains(Pair("web.enable-admin-api", "true")));
  EXPECT_THAT(others,
              Contains(Pair("enable-feature", AllOf(Not(HasSubstr("experimental")),
                                                    HasSubstr("promql-delayed-name-removal"),
                                                    HasSubstr("type-and-unit-labels")))));
}

}  // namespace
}  // namespace vigil::server
