// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http_client.h"

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/status.h"
#include "tests/alerting/notify/http_test_server.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::vigil::testing::StatusIs;
using Answer = absl::StatusOr<HttpAnswer>;

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() : client_(HttpClient::Start("tester/1").value()) {}

  static HttpGet To(std::string url) {
    return {.url = std::move(url), .timeout_ms = 60'000, .max_body_bytes = 1 << 20};
  }
  std::future<Answer> Begin(HttpGet get, const HttpConfig& config = {}) {
    auto promise = std::make_shared<std::promise<Answer>>();
    std::future<Answer> answer = promise->get_future();
    client_->Get(std::move(get), config,
                 [promise](Answer given) { promise->set_value(std::move(given)); });
    return answer;
  }
  Answer Ask(HttpGet get, const HttpConfig& config = {}) {
    return Begin(std::move(get), config).get();
  }
  // What the server was sent last, without the body.
  std::string LastHeaders() {
    const auto requests = server_.Requests();
    return requests.empty() ? "" : requests.back().headers;
  }
  static Secret InFile(const std::string& name, const std::string& text) {
    const std::string path = ::testing::TempDir() + "/" + name;
    EXPECT_OK(WriteFile(path, text));
    return {"", path};
  }

  alerting::HttpTestServer server_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(HttpClientTest, AnswersWithTheBody) {
  const Answer answer = Ask(To(server_.Url("/status/200")));
  ASSERT_OK(answer);
  EXPECT_EQ(answer->body, "answer 200");
  EXPECT_EQ(server_.Requests()[0].line, "GET /status/200 HTTP/1.1");
  EXPECT_THAT(LastHeaders(), HasSubstr("User-Agent: tester/1"));
  EXPECT_THAT(LastHeaders(), HasSubstr("Accept-Encoding: gzip"));
}

TEST_F(HttpClientTest, OnlyStatus200IsAnAnswer) {
  for (const int status : {204, 404, 503}) {
    EXPECT_THAT(Ask(To(server_.Url(fmt::format("/status/{}", status)))),
                StatusIs(absl::StatusCode::kUnavailable,
                         HasSubstr(fmt::format("server returned HTTP status {}", status))));
  }
}

TEST_F(HttpClientTest, BrokenConnectionsAndAddressesAreUnavailable) {
  for (const std::string& url : {server_.Url("/drop"), std::string("http://127.0.0.1:1/"),
                                 std::string("ftp://127.0.0.1/"), std::string("no url")}) {
    EXPECT_THAT(Ask(To(url)), StatusIs(absl::StatusCode::kUnavailable)) << url;
  }
}

TEST_F(HttpClientTest, WaitsNoLongerThanItShould) {
  HttpGet get = To(server_.Url("/hang"));
  get.timeout_ms = 50;
  EXPECT_THAT(Ask(std::move(get)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("no answer within 50 ms")));
}

TEST_F(HttpClientTest, BodiesHaveALimit) {
  HttpGet get = To(server_.Url("/status/200"));
  get.max_body_bytes = 9;
  EXPECT_THAT(Ask(get), StatusIs(absl::StatusCode::kResourceExhausted,
                                 HasSubstr("the answer is over 9 bytes")));
  get.max_body_bytes = 10;
  EXPECT_OK(Ask(get));
}

TEST_F(HttpClientTest, ManyAtATime) {
  constexpr int kRequests = 100;
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < kRequests; ++i) answers.push_back(Begin(To(server_.Url("/gate"))));
  server_.AwaitRequests(kRequests);
  server_.Open();
  for (std::future<Answer>& answer : answers) EXPECT_OK(answer.get());
}

TEST_F(HttpClientTest, TheEndCancelsWhatIsUnderWay) {
  std::future<Answer> hanging = Begin(To(server_.Url("/hang")));
  server_.AwaitRequests(1);
  client_.reset();
  EXPECT_THAT(hanging.get(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(HttpClientTest, SendsWhatItIsTold) {
  HttpGet get = To(server_.Url("/status/200"));
  get.headers = {"X-One: 1"};
  get.compression = false;
  HttpConfig config;
  config.basic_auth = BasicAuth{{"user", ""}, InFile("password", "secret\n")};
  config.headers = {{"X-Two", {{"2", ""}, InFile("header", "3")}}, {"X-None", {{"", ""}}}};
  EXPECT_OK(Ask(get, config));
  EXPECT_THAT(LastHeaders(), HasSubstr("X-One: 1\r\n"));
  EXPECT_THAT(LastHeaders(), HasSubstr("X-Two: 2\r\nX-Two: 3\r\n"));
  EXPECT_THAT(LastHeaders(), HasSubstr("X-None:"));
  EXPECT_THAT(LastHeaders(), HasSubstr("Accept-Encoding: identity"));
  EXPECT_THAT(LastHeaders(), HasSubstr("Authorization: Basic dXNlcjpzZWNyZXQ="));

  HttpConfig token;
  token.authorization = Authorization{"Token", {"abc", ""}};
  EXPECT_OK(Ask(get, token));
  EXPECT_THAT(LastHeaders(), HasSubstr("Authorization: Token abc"));
  EXPECT_THAT(LastHeaders(), Not(HasSubstr("X-Two")));
}

TEST_F(HttpClientTest, SecretsThatCannotBeReadAreToldAndNothingIsSent) {
  HttpConfig missing;
  missing.basic_auth = BasicAuth{{"user", ""}, {"", "/no/such/file"}};
  EXPECT_THAT(Ask(To(server_.Url("/status/200")), missing).status().ToString(),
              HasSubstr("basic_auth: "));
  HttpConfig two_lines;
  two_lines.authorization = Authorization{"Bearer", InFile("two", "a\nb")};
  EXPECT_THAT(Ask(To(server_.Url("/status/200")), two_lines),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has more than one line")));
  EXPECT_TRUE(server_.Requests().empty());
}

TEST_F(HttpClientTest, WithoutAProxyThereIsNone) {
  HttpConfig config;
  config.proxy.url = "http://127.0.0.1:1";
  EXPECT_THAT(Ask(To(server_.Url("/status/200")), config),
              StatusIs(absl::StatusCode::kUnavailable));
  config.proxy.no_proxy = "127.0.0.1";
  EXPECT_OK(Ask(To(server_.Url("/status/200")), config));
}

}  // namespace
}  // namespace vigil::collector
