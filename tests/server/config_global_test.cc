// SPDX-License-Identifier: Apache-2.0
//
// What `global` says beside the defaults of scrapes.
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

absl::StatusOr<Config> Parse(const std::string& global) {
  return ParseConfig("vigil.yaml", "global: " + global + "\n", Config());
}

TEST(ConfigGlobalTest, ExternalLabelsNameVariables) {
  ASSERT_EQ(::setenv("VIGIL_CONFIG_GLOBAL_TEST", "here", 1), 0);
  ASSERT_OK_AND_ASSIGN(
      const Config config,
      Parse(
          "{external_labels: {a: '${VIGIL_CONFIG_GLOBAL_TEST}', b: $$x, c: plain, d: $NO_SUCH}}"));
  const storage::Labels& labels = config.rules.external_labels;
  EXPECT_EQ(labels.Get("a"), "here");
  EXPECT_EQ(labels.Get("b"), "$x");
  EXPECT_EQ(labels.Get("c"), "plain");
  EXPECT_FALSE(labels.Has("d"));
}

TEST(ConfigGlobalTest, WhatCannotBe) {
  EXPECT_THAT(Parse("{external_labels: {'': x}}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a label needs a name")));
  EXPECT_THAT(Parse("{scrape_interval: 5s, scrape_timeout: 10s}"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("scrape_timeout is longer than scrape_interval")));
  EXPECT_THAT(Parse("{scrape_timeout: 2m}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("scrape_timeout")));
  EXPECT_OK(Parse("{scrape_interval: 5s}"));
  EXPECT_OK(Parse("{scrape_interval: 5s, scrape_timeout: 5s}"));
}

}  // namespace
}  // namespace vigil::server
