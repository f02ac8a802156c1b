// SPDX-License-Identifier: Apache-2.0
#include "server/api/status_api.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/tsdb_api.h"
#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using testing::ApiHarness;
using ::testing::HasSubstr;
using testing::kStartMs;
using ::testing::StartsWith;

class StatusApiTest : public ::testing::Test {
 protected:
  StatusApiTest() {
    harness_.parts().process = [] {
      ApiProcess process;
      process.version = "1.2.3";
      process.started_at_ms = kStartMs - 500;
      process.config_loaded_at_ms = kStartMs;
      process.memory_limit_bytes = 1000;
      process.retention_ms = 31 * kMillisPerDay;
      process.config_yaml = "a: b\n";
      process.flags = {{"query.timeout", "2m"}, {"config.file", ""}};
      return process;
    };
  }

  ApiHarness harness_;
};

TEST_F(StatusApiTest, BuildInfo) {
  EXPECT_EQ(harness_.Ask(ShowBuildInfo, ""),
            R"({"version":"3.5.0","revision":"1.2.3","branch":"","buildUser":"","buildDate":"",)"
            R"("goVersion":"","vigilVersion":"1.2.3"})");
}

TEST_F(StatusApiTest, RuntimeInfo) {
  EXPECT_THAT(harness_.Ask(ShowRuntimeInfo, ""),
              AllOf(HasSubstr(R"({"startTime":"2026-01-02T03:04:04.5Z","CWD":"/)"),
                    HasSubstr(R"("serverTime":"2026-01-02T03:04:05Z","reloadConfigSuccess":true,)"
                              R"("lastConfigTime":"2026-01-02T03:04:05Z","corruptionCount":0,)"
                              R"("goroutineCount":)"),
                    HasSubstr(R"("GOMEMLIMIT":1000,"GOGC":"","GODEBUG":"",)"
                              R"("storageRetention":"31d"})")));
}

TEST_F(StatusApiTest, ConfigAndFlags) {
  EXPECT_EQ(harness_.Ask(ShowConfig, ""), R"({"yaml":"a: b\n"})");
  EXPECT_EQ(harness_.Ask(ShowFlags, ""), R"({"config.file":"","query.timeout":"2m"})");
}

TEST_F(StatusApiTest, ThatThereIsNothing) {
  EXPECT_EQ(harness_.Ask(ShowNotifications, ""), "[]");
  EXPECT_EQ(ShowWalReplay({}).body, R"({"status":"success","data":{"min":0,"max":0,"current":0}})");
}

TEST_F(StatusApiTest, Tsdb) {
  EXPECT_THAT(harness_.Ask(ShowTsdbStatus, "/api/v1/status/tsdb"),
              StartsWith(R"({"headStats":{"numSeries":0,"numLabelPairs":0,"chunkCount":0,)"
                         R"("minTime":9223372036854775807,"maxTime":-9223372036854775808},)"
                         R"("seriesCountByMetricName":[],"labelValueCountByLabelName":[],)"));
  harness_.Add(R"(m{job="a<"})", 0, 1);
  harness_.Add(R"(m{job="bb"})", 0, 1);
  for (int i = -130; i < 0; ++i) harness_.Add(R"(n{job="bb"})", i, 1);
  harness_.Add("old", -86400, 1);
  EXPECT_EQ(harness_.Ask(ShowTsdbStatus, "/api/v1/status/tsdb?limit=2"),
            R"({"headStats":{"numSeries":3,"numLabelPairs":4,"chunkCount":4,)"
            R"("minTime":1767322915000,"maxTime":1767323045000},)"
            R"("seriesCountByMetricName":[{"name":"m","value":2},{"name":"n","value":1}],)"
            R"("labelValueCountByLabelName":[{"name":"__name__","value":2},)"
            R"({"name":"job","value":2}],)"
            R"("memoryInBytesByLabelName":[{"name":"job","value":6},)"
            R"({"name":"__name__","value":3}],)"
            R"("seriesCountByLabelValuePair":[{"name":"__name__=m","value":2},)"
            R"({"name":"job=bb","value":2}]})");
  for (const std::string limit : {"0", "-1", "x"}) {
    EXPECT_THAT(harness_.Ask(ShowTsdbStatus, "/api/v1/status/tsdb?limit=" + limit),
                HasSubstr("limit must be a positive number"));
  }
  EXPECT_THAT(harness_.Ask(ShowTsdbStatus, "/api/v1/status/tsdb?limit=10001"),
              HasSubstr("limit must not exceed 10000"));
}

TEST_F(StatusApiTest, SamplesOfManySeriesAreEstimated) {
  for (int i = 0; i < 700; ++i) harness_.Add(fmt::format("few{{i=\"{}\"}}", i), -1, 1);
  for (int i = 0; i < 2; ++i) harness_.Add(fmt::format("rare{{i=\"{}\"}}", i), 0, 1);
  EXPECT_THAT(harness_.Ask(ShowTsdbStatus, "/api/v1/status/tsdb"),
              StartsWith(R"({"headStats":{"numSeries":702,"numLabelPairs":702,"chunkCount":702,)"
                         R"("minTime":1767323044000,"maxTime":1767323045000},)"));
}

}  // namespace
}  // namespace vigil::server
