// SPDX-License-Identifier: Apache-2.0
//
// What of the configuration is about scraping, apart from the jobs themselves.
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "server/config.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using vigil::testing::StatusIs;

class ConfigScrapeTest : public ::testing::Test {
 protected:
  ConfigScrapeTest() : directory_(std::string(std::getenv("TEST_TMPDIR")) + "/config") {
    std::filesystem::remove_all(directory_);
    EXPECT_OK(MakeDirectories(directory_ + "/jobs"));
  }
  void Write(const std::string& name, const std::string& text) const {
    EXPECT_OK(WriteFile(directory_ + "/" + name, text));
  }
  absl::StatusOr<Config> Parse(const std::string& yaml) const {
    return ParseConfig(directory_ + "/vigil.yaml", yaml, Config());
  }
  const std::string directory_;
};

TEST_F(ConfigScrapeTest, JobsMayStandInFilesOfTheirOwn) {
  Write("jobs/a.yaml", "scrape_configs: [{job_name: a, file_sd_configs: [{files: [t.json]}]}]\n");
  Write("jobs/b.yaml", "");
  ASSERT_OK_AND_ASSIGN(const Config config,
                       Parse("global: {scrape_interval: 7s}\nscrape_configs: [{job_name: m}]\n"
                             "scrape_config_files: ['jobs/*.yaml']\n"));
  ASSERT_EQ(config.scrapes.size(), 2u);
  EXPECT_EQ(config.scrapes[1].job_name, "a");
  EXPECT_EQ(config.scrapes[1].interval_ms, 7000);
  EXPECT_EQ(config.scrapes[1].file_sd[0].patterns[0], directory_ + "/jobs/t.json");
}

TEST_F(ConfigScrapeTest, MistakesInSuchFilesHaveTheirPlace) {
  const std::string main = "scrape_configs: [{job_name: a}]\nscrape_config_files: ['jobs/*']\n";
  Write("jobs/a.yaml", "scrape_configs:\n- {job_name: b, scheme: ftp}\nrest: 1\n");
  EXPECT_THAT(Parse(main), StatusIs(absl::StatusCode::kInvalidArgument,
                                    AllOf(HasSubstr("jobs/a.yaml:2:25: scheme"),
                                          HasSubstr("jobs/a.yaml:3:1: unknown field rest"))));
  Write("jobs/a.yaml", "scrape_configs: [{job_name: a}]\n");
  EXPECT_THAT(Parse(main),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"a\" is not unique")));
  Write("jobs/a.yaml", "scrape_configs: [\n");
  EXPECT_THAT(Parse(main), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a.yaml:2:1")));
  EXPECT_THAT(Parse("scrape_config_files: a.yaml\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("vigil.yaml:1:22")));
}

TEST_F(ConfigScrapeTest, WhatPrometheusHasBesideIsRefusedWithARemedy) {
  EXPECT_THAT(
      Parse("alerting: {x: y}\nremote_write: []\ntracing: {}\nglobal: {query_log_file: x}\n"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr(":1:12: unknown field x in alerting"),
                     HasSubstr(":2:1: remote_write is not supported"),
                     HasSubstr(":3:1: tracing is not supported: leave it out"),
                     HasSubstr(":4:10: query_log_file is not supported: server.slow"))));
}

}  // namespace
}  // namespace vigil::server
