// SPDX-License-Identifier: Apache-2.0
#include "server/api/prometheus_api.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using testing::ApiHarness;
using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

class PrometheusApiTest : public ::testing::Test {
 protected:
  PrometheusApiTest() {
    AddPrometheusApi([this] { return ready_ ? &harness_.parts() : nullptr; }, &router_);
  }
  HttpResponse Get(std::string_view url) { return router_.Route(ApiHarness::Get(url)); }

  ApiHarness harness_;
  bool ready_ = true;
  HttpRouter router_;
};

TEST_F(PrometheusApiTest, RoutesAnswer) {
  for (const char* const path : {"query?query=1",
                                 "query_range?query=1&start=1&end=2&step=1",
                                 "query_exemplars?query=up",
                                 "format_query?query=1",
                                 "parse_query?query=1",
                                 "series?match[]=up",
                                 "labels",
                                 "label/job/values",
                                 "metadata",
                                 "rules",
                                 "alerts",
                                 "alertmanagers",
                                 "targets",
                                 "targets/metadata",
                                 "scrape_pools",
                                 "status/buildinfo",
                                 "status/runtimeinfo",
                                 "status/config",
                                 "status/flags",
                                 "status/tsdb",
                                 "status/tsdb/blocks",
                                 "status/walreplay",
                                 "features",
                                 "notifications"}) {
    const HttpResponse response = Get(std::string("/api/v1/") + path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.content_type, "application/json") << path;
  }
  EXPECT_EQ(Get("/api/v1/none").status, 404);
  EXPECT_EQ(Get("/api/v1/").status, 404);
  EXPECT_EQ(router_.KindOf(ApiHarness::Get("/api/v1/query")), HandlerKind::kLong);
}

TEST_F(PrometheusApiTest, FormsWhereTheyAreTaken) {
  for (const char* const path : {"query", "query_range", "query_exemplars", "format_query",
                                 "parse_query", "series", "labels"}) {
    EXPECT_EQ(router_.Route(ApiHarness::Post(std::string("/api/v1/") + path + "?limit=x")).status,
              400)
        << path;
  }
  EXPECT_EQ(router_.Route(ApiHarness::Post("/api/v1/query?query=1")).status, 200);
  EXPECT_EQ(router_.Route(ApiHarness::Post("/api/v1/label/job/values")).status, 405);
  EXPECT_EQ(router_.Route(ApiHarness::Post("/api/v1/rules")).status, 405);
  EXPECT_EQ(router_.Route(ApiHarness::Post("/api/v1/admin/tsdb/snapshot")).status, 500);
}

TEST_F(PrometheusApiTest, NotReady) {
  ready_ = false;
  const HttpResponse response = Get("/api/v1/query?query=1");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "Service Unavailable");
  EXPECT_EQ(Get("/api/v1/status/walreplay").status, 200);
}

TEST_F(PrometheusApiTest, PagesOfOtherOriginsMayAsk) {
  HttpRequest request = ApiHarness::Get("/api/v1/query?query=1");
  HttpResponse response = router_.Route(request);
  EXPECT_THAT(response.headers, Contains(Pair("Vary", "Origin")));
  EXPECT_THAT(response.headers, Not(Contains(Key("Access-Control-Allow-Origin"))));
  request.headers["origin"] = "http://x";
  response = router_.Route(request);
  EXPECT_THAT(response.headers, Contains(Pair("Access-Control-Allow-Origin", "http://x")));
  EXPECT_THAT(response.headers,
              Contains(Pair("Access-Control-Allow-Methods", "GET, POST, OPTIONS")));
  request.method = "OPTIONS";
  for (const char* const path : {"/api/v1/query", "/api/v1/anything"}) {
    request.path = path;
    response = router_.Route(request);
    EXPECT_EQ(response.status, 204);
    EXPECT_THAT(response.headers, Contains(Pair("Access-Control-Allow-Headers",
                                                "Accept, Authorization, Content-Type, Origin")));
  }
}

TEST_F(PrometheusApiTest, AnswersAreCompressed) {
  HttpRequest request = ApiHarness::Get("/api/v1/query?query=1");
  request.headers["accept-encoding"] = "gzip";
  const HttpResponse response = router_.Route(request);
  EXPECT_THAT(response.headers, Contains(Pair("Content-Encoding", "gzip")));
  EXPECT_EQ(response.body.substr(0, 2), "\x1f\x8b");
}

}  // namespace
}  // namespace vigil::server
