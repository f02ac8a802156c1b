// SPDX-License-Identifier: Apache-2.0
//
// Tokens of OAuth 2 for what is asked.
#include "collector/http/http_client.h"

#include <future>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/alerting/notify/http_test_server.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

class HttpClientOauth2Test : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(client_, HttpClient::Start("vigil/1")); }

  absl::StatusOr<HttpAnswer> Get(const std::string& path, const HttpConfig& config = {}) {
    HttpGet get;
    get.url = server_.Url(path);
    get.timeout_ms = kMillisPerMinute;
    get.max_body_bytes = 1000;
    std::promise<absl::StatusOr<HttpAnswer>> answer;
    client_->Get(get, config,
                 [&answer](absl::StatusOr<HttpAnswer> got) { answer.set_value(std::move(got)); });
    return answer.get_future().get();
  }

  alerting::HttpTestServer server_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(HttpClientOauth2Test, AsksForATokenFirst) {
  Oauth2Config oauth2;
  oauth2.client_id = "id";
  oauth2.client_secret.text = "secret";
  oauth2.token_url = server_.Url("/token");
  HttpConfig config;
  config.oauth2 = std::make_shared<const Oauth2Config>(oauth2);
  EXPECT_THAT(Get("/status/200", config).status(), StatusIs(absl::StatusCode::kUnavailable));
  server_.SetAnswer("/token", 200, "", R"({"access_token":"T0K","expires_in":3600})");
  EXPECT_OK(Get("/status/200", config));
  EXPECT_OK(Get("/status/200", config));
  const auto requests = server_.Requests();
  EXPECT_EQ(requests.back().line, "GET /status/200 HTTP/1.1");
  EXPECT_THAT(requests.back().headers, HasSubstr("Authorization: Bearer T0K\r\n"));
  EXPECT_EQ(requests.size(), 4u);  // Two times for a token.
}

}  // namespace
}  // namespace vigil::collector
