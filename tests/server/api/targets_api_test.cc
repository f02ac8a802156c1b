// SPDX-License-Identifier: Apache-2.0
#include "server/api/targets_api.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using testing::ApiHarness;
using ::testing::HasSubstr;
using testing::kStartMs;

// One target that is up, one that was never scraped, a job without any.
collector::ScrapeStatus SomeScrapes() {
  collector::TargetStatus up;
  up.job_name = "a";
  up.address = "10.0.0.1:80";
  up.url = "http://10.0.0.1:80/metrics";
  up.discovered_labels = storage::Labels{{"__address__", "10.0.0.1:80"}, {"job", "a"}};
  up.labels = storage::Labels{{"instance", "10.0.0.1:80"}, {"job", "a"}};
  up.interval_ms = 60'000;
  up.timeout_ms = 10'000;
  up.health = collector::TargetHealth::kUp;
  up.last_scrape_ms = kStartMs;
  up.last_scrape_seconds = 0.25;
  up.families = std::make_shared<const std::vector<collector::MetricFamily>>(
      std::vector<collector::MetricFamily>{
          {"m", {storage::MetricType::kGauge, "", "Help."}, true},
          {"n", {storage::MetricType::kCounter, "seconds", ""}, true}});
  collector::TargetStatus fresh;
  fresh.job_name = "b";
  fresh.labels = storage::Labels{{"job", "b"}};
  fresh.last_error = "no \"answer\"";
  return {{"a", "b", "c"},
          {up, fresh},
          {{"b", storage::Labels{{"__address__", "gone:1"}, {"job", "b"}}}},
          {{"a", 0}, {"b", 3}, {"c", 0}}};
}

class TargetsApiTest : public ::testing::Test {
 protected:
  TargetsApiTest() { harness_.parts().scrapes = SomeScrapes; }
  std::string Targets(const std::string& parameters = "") {
    return harness_.Ask(ListTargets, "/api/v1/targets?" + parameters);
  }
  std::string Metadata(const std::string& parameters = "") {
    return harness_.Ask(ListTargetMetadata, "/api/v1/targets/metadata?" + parameters);
  }

  ApiHarness harness_;
};

TEST_F(TargetsApiTest, Targets) {
  const std::string a =
      R"({"discoveredLabels":{"__address__":"10.0.0.1:80","job":"a"},)"
      R"("labels":{"instance":"10.0.0.1:80","job":"a"},"scrapePool":"a",)"
      R"("scrapeUrl":"http://10.0.0.1:80/metrics","globalUrl":"http://10.0.0.1:80/metrics",)"
      R"("lastError":"","lastScrape":"2026-01-02T03:04:05Z","lastScrapeDuration":0.25,)"
      R"("health":"up","scrapeInterval":"1m","scrapeTimeout":"10s"})";
  const std::string dropped =
      R"("droppedTargets":[{"discoveredLabels":{"__address__":"gone:1","job":"b"},)"
      R"("scrapePool":"b"}],"droppedTargetCounts":{"a":0,"b":3,"c":0}})";
  EXPECT_THAT(Targets(), HasSubstr(R"({"activeTargets":[)" + a + ",{"));
  EXPECT_THAT(Targets(), HasSubstr(R"("lastError":"no \"answer\"","lastScrape":)"
                                   R"("0001-01-01T00:00:00Z","lastScrapeDuration":0,)"
                                   R"("health":"unknown")"));
  EXPECT_THAT(Targets(), HasSubstr("]," + dropped));
  EXPECT_EQ(Targets("state=active&scrapePool=a"),
            R"({"activeTargets":[)" + a + R"(],"droppedTargets":[],"droppedTargetCounts":null})");
  EXPECT_EQ(Targets("state=dropped"), R"({"activeTargets":[],)" + dropped);
  EXPECT_EQ(Targets("state=DROPPED"), Targets("state=dropped"));
}

TEST_F(TargetsApiTest, AddressesOfThisMachineAreMadeGlobal) {
  harness_.parts().scrapes = [] {
    collector::ScrapeStatus status = SomeScrapes();
    status.targets[0].address = "127.0.0.1:80";
    status.targets[0].url = "http://127.0.0.1:80/metrics";
    return status;
  };
  EXPECT_THAT(Targets(), ::testing::Not(HasSubstr(R"("globalUrl":"http://127.0.0.1)")));
  EXPECT_THAT(Targets(), HasSubstr(R"("scrapeUrl":"http://127.0.0.1:80/metrics")"));
}

TEST_F(TargetsApiTest, Metadata) {
  const std::string target = R"({"target":{"instance":"10.0.0.1:80","job":"a"},)";
  const std::string m = R"("type":"gauge","help":"Help.","unit":""})";
  const std::string n = R"("type":"counter","help":"","unit":"seconds"})";
  EXPECT_EQ(Metadata(),
            "[" + target + R"("metric":"m",)" + m + "," + target + R"("metric":"n",)" + n + "]");
  EXPECT_EQ(Metadata("metric=m"), "[" + target + m + "]");
  EXPECT_EQ(Metadata("limit=1"), "[" + target + R"("metric":"m",)" + m + "]");
  EXPECT_EQ(Metadata("limit=0"), "[]");
  EXPECT_EQ(Metadata("match_target={job=%22b%22}"), "[]");
  EXPECT_THAT(Metadata("limit=x"), HasSubstr("limit must be a number"));
  EXPECT_THAT(Metadata("match_target=up["), HasSubstr(R"(invalid parameter \"match_target\": 1:)"));
}

TEST_F(TargetsApiTest, ScrapePools) {
  EXPECT_EQ(harness_.Ask(ListScrapePools, "/api/v1/scrape_pools"),
            R"({"scrapePools":["a","b","c"]})");
}

}  // namespace
}  // namespace vigil::server
