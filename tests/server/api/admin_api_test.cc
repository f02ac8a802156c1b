// SPDX-License-Identifier: Apache-2.0
#include "server/api/admin_api.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/query_api.h"
#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using testing::ApiHarness;
using ::testing::HasSubstr;

class AdminApiTest : public ::testing::Test {
 protected:
  AdminApiTest() {
    harness_.parts().options.admin = true;
    harness_.parts().options.snapshot_dir = ::testing::TempDir() + "/snapshots";
    harness_.Add("a{x=\"1\"}", -10, 1);
    harness_.Add("a{x=\"1\"}", -5, 2);
    harness_.Add("a{x=\"2\"}", -5, 3);
    harness_.Add("b", -5, 4);
  }
  std::string Count(const char* query) {
    return harness_.Ask(InstantQuery, std::string("/?query=") + query);
  }

  ApiHarness harness_;
};

TEST_F(AdminApiTest, RefusedUnlessTheServerLetsThem) {
  harness_.parts().options.admin = false;
  for (ApiEndpoint* const endpoint : {DeleteSeries, CleanTombstones, TakeSnapshot}) {
    EXPECT_EQ(harness_.Ask(endpoint, "/?match[]=a"),
              R"(500 {"status":"error","errorType":"unavailable","error":"admin APIs disabled"})");
  }
  EXPECT_THAT(Count("count(a)"), HasSubstr("\"2\""));
}

TEST_F(AdminApiTest, DeletesWhatIsMatchedInTheRange) {
  EXPECT_EQ(harness_.Ask(DeleteSeries, "/?match[]=a{x=\"1\"}&match[]=b&start=1767323038"), "204 ");
  EXPECT_THAT(Count("count_over_time(a{x=\"1\"}[1m])"), HasSubstr("\"1\""));
  EXPECT_THAT(Count("count_over_time(a{x=\"2\"}[1m])"), HasSubstr("\"1\""));
  EXPECT_THAT(Count("b"), HasSubstr("\"result\":[]"));
  EXPECT_EQ(harness_.Ask(CleanTombstones, ""), "204 ");
}

TEST_F(AdminApiTest, DeletesNothingWithoutASelector) {
  EXPECT_THAT(harness_.Ask(DeleteSeries, ""), HasSubstr("no match[] parameter provided"));
  EXPECT_THAT(harness_.Ask(DeleteSeries, "/?match[]={"),
              HasSubstr(R"("invalid parameter \"match[]\": 1:)"));
  EXPECT_THAT(harness_.Ask(DeleteSeries, "/?match[]=a&start=x"), HasSubstr("bad_data"));
  EXPECT_THAT(Count("count(a)"), HasSubstr("\"2\""));
}

TEST_F(AdminApiTest, SnapshotParameters) {
  EXPECT_THAT(harness_.Ask(TakeSnapshot, "/?skip_head=perhaps"),
              HasSubstr(R"("invalid parameter \"skip_head\": unable to parse boolean: )"
                        R"(strconv.ParseBool: parsing \"perhaps\": invalid syntax")"));
}

}  // namespace
}  // namespace vigil::server
