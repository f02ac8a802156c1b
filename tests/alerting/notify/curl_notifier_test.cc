// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/curl_notifier.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mutex.h"
#include "tests/alerting/notify/http_test_server.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Longer than any test may take: what must not time out.
constexpr int64_t kLongMs = kMillisPerHour;

// Collects how deliveries ended, by the number they were given.
class Outcomes {
 public:
  std::function<void(DeliveryOutcome)> Expect(int number) {
    return [this, number](DeliveryOutcome outcome) {
      {
        MutexLock lock(&mutex_);
        ++calls_;
        outcomes_[number] = std::move(outcome);
      }
      changed_.notify_all();
    };
  }

  DeliveryOutcome Await(int number) {
    MutexLock lock(&mutex_);
    while (!outcomes_.contains(number)) changed_.wait(mutex_);
    return outcomes_[number];
  }

  std::optional<DeliveryOutcome> Get(int number) {
    MutexLock lock(&mutex_);
    const auto at = outcomes_.find(number);
    return at == outcomes_.end() ? std::nullopt : std::optional(at->second);
  }

  int calls() {
    MutexLock lock(&mutex_);
    return calls_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::map<int, DeliveryOutcome> outcomes_ ABSL_GUARDED_BY(mutex_);
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

class CurlNotifierTest : public ::testing::Test {
 protected:
  void Start(size_t max_in_flight = 4, size_t max_waiting = 100) {
    ASSERT_OK_AND_ASSIGN(notifier_, StartCurlNotifier({.user_agent = "vigil/1.2.3",
                                                       .max_in_flight_per_lane = max_in_flight,
                                                       .max_waiting_per_lane = max_waiting}));
  }

  void Send(int number, const std::string& receiver, const std::string& url,
            int64_t timeout_ms = kLongMs) {
    Delivery delivery;
    delivery.url = url;
    delivery.body = "{\"n\":1}";
    delivery.headers = {"Content-Type: application/json", "X-Vigil-Notification-Id: a-1"};
    delivery.timeout_ms = timeout_ms;
    notifier_->Send(receiver, std::move(delivery), outcomes_.Expect(number));
  }

  DeliveryOutcome Deliver(const std::string& url, int64_t timeout_ms = kLongMs) {
    Send(0, "team", url, timeout_ms);
    return outcomes_.Await(0);
  }

  DeliveryOutcome DeliverWith(Delivery delivery) {
    const int number = next_++;
    notifier_->Send("team", std::move(delivery), outcomes_.Expect(number));
    return outcomes_.Await(number);
  }

  DeliveryOutcome DeliverTo(const std::string& path, const HttpConfig& config) {
    Delivery delivery;
    delivery.url = server_.Url(path);
    delivery.http = std::make_shared<const HttpConfig>(config);
    return DeliverWith(std::move(delivery));
  }

  int next_ = 1000;
  HttpTestServer server_;
  Outcomes outcomes_;
  std::unique_ptr<Notifier> notifier_;
};

TEST_F(CurlNotifierTest, PostsTheDelivery) {
  Start();
  const DeliveryOutcome outcome = Deliver(server_.Url("/status/200"));
  EXPECT_TRUE(outcome.delivered);
  EXPECT_EQ(outcome.http_status, 200);
  EXPECT_EQ(outcome.error, "");
  ASSERT_EQ(server_.Requests().size(), 1u);
  const HttpTestServer::Request request = server_.Requests()[0];
  EXPECT_EQ(request.line, "POST /status/200 HTTP/1.1");
  EXPECT_EQ(request.body, "{\"n\":1}");
  EXPECT_THAT(request.headers, HasSubstr("User-Agent: vigil/1.2.3\r\n"));
  EXPECT_THAT(request.headers, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(request.headers, HasSubstr("X-Vigil-Notification-Id: a-1\r\n"));
}

TEST_F(CurlNotifierTest, SendsLargeBodiesAtOnce) {
  Start();
  Delivery delivery;
  delivery.url = server_.Url("/status/202");
  delivery.body.assign(5 << 20, 'x');
  delivery.timeout_ms = kLongMs;
  notifier_->Send("team", delivery, outcomes_.Expect(1));
  EXPECT_TRUE(outcomes_.Await(1).delivered);
  EXPECT_EQ(server_.Requests()[0].body, delivery.body);
  EXPECT_THAT(server_.Requests()[0].headers, Not(HasSubstr("Expect")));
}

struct StatusCase {
  int status;
  bool delivered;
  bool retryable;
};

class CurlNotifierStatus : public CurlNotifierTest,
                           public ::testing::WithParamInterface<StatusCase> {};

TEST_P(CurlNotifierStatus, DecidesTheOutcome) {
  Start();
  const int status = GetParam().status;
  const DeliveryOutcome outcome = Deliver(server_.Url("/status/" + std::to_string(status)));
  EXPECT_EQ(outcome.http_status, status);
  EXPECT_EQ(outcome.delivered, GetParam().delivered);
  EXPECT_EQ(outcome.retryable, GetParam().retryable);
  const std::string text = std::to_string(status);
  EXPECT_EQ(outcome.error,
            outcome.delivered ? "" : "unexpected status code " + text + ": answer " + text);
}

INSTANTIATE_TEST_SUITE_P(
    Statuses, CurlNotifierStatus,
    ::testing::Values(StatusCase{201, true, false}, StatusCase{299, true, false},
                      StatusCase{301, false, false}, StatusCase{400, false, false},
                      StatusCase{404, false, false}, StatusCase{429, false, true},
                      StatusCase{500, false, true}, StatusCase{503, false, true}));

TEST_F(CurlNotifierTest, ABrokenConnectionIsRetryable) {
  Start();
  const DeliveryOutcome outcome = Deliver(server_.Url("/drop"));
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_EQ(outcome.http_status, 0);
  EXPECT_NE(outcome.error, "");
}

TEST_F(CurlNotifierTest, ARefusedConnectionIsRetryable) {
  Start();
  std::string closed;
  {
    HttpTestServer gone;
    closed = gone.Url("/status/200");
  }
  const DeliveryOutcome outcome = Deliver(closed);
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
}

TEST_F(CurlNotifierTest, AnAnswerThatDoesNotComeIsRetryable) {
  Start();
  const DeliveryOutcome outcome = Deliver(server_.Url("/hang"), 50);
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_EQ(outcome.http_status, 0);
  EXPECT_THAT(outcome.error, HasSubstr("timed out"));
}

TEST_F(CurlNotifierTest, WhatIsNoAddressIsNotRetryable) {
  Start();
  for (const std::string url : {"", "gopher://x/", "http://", "file:///etc/passwd"}) {
    const DeliveryOutcome outcome = Deliver(url);
    EXPECT_FALSE(outcome.delivered) << url;
    EXPECT_FALSE(outcome.retryable) << url << ": " << outcome.error;
  }
}

TEST_F(CurlNotifierTest, KeepsOnlyTheBeginningOfAnAnswer) {
  Start();
  const DeliveryOutcome outcome = Deliver(server_.Url("/flood"));
  EXPECT_EQ(outcome.http_status, 500);
  EXPECT_EQ(outcome.error, "unexpected status code 500: " + std::string(512, 'x'));
}

TEST_F(CurlNotifierTest, HearsHowLongToWait) {
  Start();
  server_.SetAnswer("/busy", 429, "Retry-After: 30\r\n", "later");
  const DeliveryOutcome outcome = Deliver(server_.Url("/busy"));
  EXPECT_TRUE(outcome.retryable);
  EXPECT_EQ(outcome.retry_after_ms, 30'000);
}

TEST_F(CurlNotifierTest, ADeliveryJudgesItsAnswer) {
  Start();
  server_.SetAnswer("/ok", 200, "", "not quite");
  Delivery delivery;
  delivery.url = server_.Url("/ok");
  delivery.judge = [](const HttpAnswer& answer) { return Refused(answer, false); };
  const DeliveryOutcome outcome = DeliverWith(std::move(delivery));
  EXPECT_FALSE(outcome.delivered);
  EXPECT_EQ(outcome.error, "unexpected status code 200: not quite");
}

// A GET whose answer names what a PUT goes to.
Delivery OfTwo(const HttpTestServer& server) {
  Delivery first;
  first.method = "GET";
  first.url = server.Url("/find");
  first.then = [&server](const HttpAnswer& answer) -> absl::StatusOr<std::shared_ptr<Delivery>> {
    if (answer.body.empty()) return absl::InvalidArgumentError("nothing was found");
    auto second = std::make_shared<Delivery>();
    second->method = "PUT";
    second->url = server.Url(answer.body);
    second->body = "new";
    return second;
  };
  return first;
}

// Asks `first`, then `second`.
Delivery Twice(const std::string& first, const std::string& second,
               std::chrono::milliseconds between = {}) {
  Delivery delivery;
  delivery.url = first;
  delivery.then = [second, between](const HttpAnswer&) {
    std::this_thread::sleep_for(between);
    auto next = std::make_shared<Delivery>();
    next->url = second;
    return absl::StatusOr<std::shared_ptr<Delivery>>(std::move(next));
  };
  return delivery;
}

// What hangs has the place in the lane that the first request has left.
TEST_F(CurlNotifierTest, WhatFollowsWaitsForNoTurn) {
  Start(/*max_in_flight=*/1, /*max_waiting=*/1);
  notifier_->Send("team", Twice(server_.Url("/gate"), server_.Url("/status/204")),
                  outcomes_.Expect(1));
  Send(2, "team", server_.Url("/hang"));
  server_.Open();
  EXPECT_EQ(outcomes_.Await(1).http_status, 204);
}

TEST_F(CurlNotifierTest, OneTimeoutHoldsForAllThatFollows) {
  Start();
  Delivery delivery = Twice(server_.Url("/status/200"), server_.Url("/status/204"),
                            std::chrono::milliseconds(2100));
  delivery.timeout_ms = 2000;
  const DeliveryOutcome outcome = DeliverWith(std::move(delivery));
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_EQ(outcome.error, "no time is left for all requests");
  EXPECT_EQ(server_.Requests().size(), 1u);
}

TEST_F(CurlNotifierTest, WhatFollowsIsSentInTurn) {
  Start();
  server_.SetAnswer("/find", 200, "", "/status/503");
  const DeliveryOutcome refused = DeliverWith(OfTwo(server_));
  EXPECT_FALSE(refused.delivered);
  EXPECT_TRUE(refused.retryable);
  EXPECT_EQ(refused.http_status, 503) << "what the last request was answered";
  server_.SetAnswer("/find", 200, "", "/status/204");
  EXPECT_TRUE(DeliverWith(OfTwo(server_)).delivered);
  ASSERT_EQ(server_.Requests().size(), 4u);
  EXPECT_EQ(server_.Requests()[2].line, "GET /find HTTP/1.1");
  EXPECT_EQ(server_.Requests()[3].line, "PUT /status/204 HTTP/1.1");
  EXPECT_EQ(server_.Requests()[3].body, "new");
}

TEST_F(CurlNotifierTest, NothingFollowsWhatFails) {
  Start();
  server_.SetAnswer("/find", 500, "", "/status/200");
  EXPECT_FALSE(DeliverWith(OfTwo(server_)).delivered);
  server_.SetAnswer("/find", 200, "", "");
  const DeliveryOutcome outcome = DeliverWith(OfTwo(server_));
  EXPECT_FALSE(outcome.delivered);
  EXPECT_FALSE(outcome.retryable);
  EXPECT_EQ(outcome.error, "nothing was found");
  EXPECT_EQ(server_.Requests().size(), 2u);
}

TEST_F(CurlNotifierTest, SpeaksAsTheConfigurationSays) {
  Start();
  const std::string file = ::testing::TempDir() + "/password";
  ASSERT_OK(WriteFile(file, "open sesame\n"));
  HttpConfig config;
  config.basic_auth = BasicAuth{{"Aladdin", ""}, {"", file}};
  config.headers = {{"X-A", {{"one", ""}, {"two", ""}}}};
  EXPECT_TRUE(DeliverTo("/status/200", config).delivered);
  const std::string headers = server_.Requests()[0].headers;
  EXPECT_THAT(headers, HasSubstr("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
  EXPECT_THAT(headers, HasSubstr("X-A: one\r\nX-A: two\r\n"));
  // The file is read each time.
  ASSERT_OK(WriteFile(file, "changed"));
  EXPECT_TRUE(DeliverTo("/status/200", config).delivered);
  EXPECT_THAT(server_.Requests()[1].headers, HasSubstr("Basic QWxhZGRpbjpjaGFuZ2Vk\r\n"));
  config.basic_auth->password.file += ".gone";
  const DeliveryOutcome outcome = DeliverTo("/status/200", config);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_THAT(outcome.error, HasSubstr("password.gone"));
}

TEST_F(CurlNotifierTest, FollowsOrNot) {
  Start();
  server_.SetAnswer("/moved", 307, "Location: /status/200\r\n", "");
  HttpConfig config;
  EXPECT_TRUE(DeliverTo("/moved", config).delivered);
  EXPECT_EQ(server_.Requests()[1].line, "POST /status/200 HTTP/1.1");
  // What was to be posted is posted.
  for (const int status : {301, 302}) {
    server_.SetAnswer("/moved", status, "Location: /status/200\r\n", "");
    EXPECT_TRUE(DeliverTo("/moved", config).delivered);
    EXPECT_EQ(server_.Requests().back().line, "POST /status/200 HTTP/1.1");
    EXPECT_EQ(server_.Requests().back().body, server_.Requests()[0].body);
  }
  config.follow_redirects = false;
  server_.SetAnswer("/moved", 307, "Location: /status/200\r\n", "");
  EXPECT_EQ(DeliverTo("/moved", config).http_status, 307);
}

TEST_F(CurlNotifierTest, NoHeaderBeginsAnother) {
  Start();
  Delivery delivery;
  delivery.url = server_.Url("/status/200");
  delivery.headers = {"Authorization: GenieKey a\r\nX-Evil: 1"};
  const DeliveryOutcome outcome = DeliverWith(delivery);
  EXPECT_FALSE(outcome.delivered);
  EXPECT_FALSE(outcome.retryable);
  EXPECT_THAT(outcome.error, HasSubstr("a header would have line breaks"));
  EXPECT_TRUE(server_.Requests().empty());
}

TEST_F(CurlNotifierTest, GoesThroughAProxy) {
  Start();
  HttpConfig config;
  config.proxy.url = server_.Url("");
  Delivery delivery;
  delivery.url = "http://nowhere.example/x";
  delivery.http = std::make_shared<const HttpConfig>(config);
  server_.SetAnswer("http://nowhere.example/x", 200, "", "");
  EXPECT_TRUE(DeliverWith(delivery).delivered);
  EXPECT_EQ(server_.Requests()[0].line, "POST http://nowhere.example/x HTTP/1.1");
  config.proxy.no_proxy = "127.0.0.1";
  EXPECT_TRUE(DeliverTo("/status/200", config).delivered);
  EXPECT_EQ(server_.Requests()[1].line, "POST /status/200 HTTP/1.1");
}

class CurlNotifierOauth2 : public CurlNotifierTest {
 protected:
  HttpConfig Config() const {
    Oauth2Config oauth2;
    oauth2.client_id = "id";
    oauth2.client_secret.text = "secret";
    oauth2.scopes = {"a", "b"};
    oauth2.token_url = server_.Url("/token");
    oauth2.endpoint_params = {{"audience", "x y"}};
    HttpConfig config;
    config.oauth2 = std::make_shared<const Oauth2Config>(std::move(oauth2));
    return config;
  }
  size_t TokenRequests() const {
    size_t count = 0;
    for (const auto& request : server_.Requests())
      count += request.line.starts_with("POST /token ");
    return count;
  }
};

TEST_F(CurlNotifierOauth2, FetchesATokenAndKeepsIt) {
  Start();
  server_.SetAnswer("/token", 200, "",
                    R"({"access_token":"T0K","token_type":"bearer","expires_in":3600})");
  EXPECT_TRUE(DeliverTo("/status/200", Config()).delivered);
  EXPECT_TRUE(DeliverTo("/status/200", Config()).delivered);
  ASSERT_EQ(server_.Requests().size(), 3u);
  const HttpTestServer::Request asked = server_.Requests()[0];
  EXPECT_EQ(asked.body, "grant_type=client_credentials&scope=a%20b&audience=x%20y");
  EXPECT_THAT(asked.headers, HasSubstr("Authorization: Basic aWQ6c2VjcmV0\r\n"));
  EXPECT_THAT(server_.Requests()[1].headers, HasSubstr("Authorization: Bearer T0K\r\n"));
  EXPECT_THAT(server_.Requests()[2].headers, HasSubstr("Authorization: Bearer T0K\r\n"));
}

TEST_F(CurlNotifierOauth2, ATokenThatExpiresOrIsNotTakenIsFetchedAnew) {
  Start();
  server_.SetAnswer("/token", 200, "", R"({"access_token":"T0K","expires_in":1})");
  EXPECT_TRUE(DeliverTo("/status/200", Config()).delivered);
  EXPECT_TRUE(DeliverTo("/status/200", Config()).delivered);
  EXPECT_EQ(TokenRequests(), 2u);
  server_.SetAnswer("/token", 200, "", R"({"access_token":"T1K","expires_in":3600})");
  EXPECT_EQ(DeliverTo("/status/401", Config()).http_status, 401);
  EXPECT_TRUE(DeliverTo("/status/200", Config()).delivered);
  EXPECT_EQ(TokenRequests(), 4u);
}

TEST_F(CurlNotifierOauth2, NoTokenNoDelivery) {
  Start();
  server_.SetAnswer("/token", 401, "", "who are you");
  const DeliveryOutcome outcome = DeliverTo("/status/200", Config());
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_THAT(outcome.error, HasSubstr("status 401: who are you"));
  // The second time it names itself in the body.
  ASSERT_EQ(server_.Requests().size(), 2u);
  EXPECT_THAT(server_.Requests()[1].body, HasSubstr("&client_id=id&client_secret=secret"));
  server_.SetAnswer("/token", 200, "", "{}");
  EXPECT_THAT(DeliverTo("/status/200", Config()).error, HasSubstr("no access_token"));
}

TEST_F(CurlNotifierOauth2, ManyWaitForOneToken) {
  Start(/*max_in_flight=*/4);
  server_.SetAnswer("/token", 200, "", R"({"access_token":"T0K","expires_in":3600})");
  for (int i = 0; i < 20; ++i) {
    Delivery delivery;
    delivery.url = server_.Url("/status/200");
    delivery.http = std::make_shared<const HttpConfig>(Config());
    notifier_->Send("lane", std::move(delivery), outcomes_.Expect(i));
  }
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(outcomes_.Await(i).delivered);
  EXPECT_EQ(TokenRequests(), 1u);
}

TEST_F(CurlNotifierTest, AReceiverThatHangsDelaysOnlyItself) {
  Start(/*max_in_flight=*/1);
  Send(1, "slow", server_.Url("/gate"));
  Send(2, "slow", server_.Url("/status/200"));
  server_.AwaitRequests(1);
  Send(3, "fast", server_.Url("/status/200"));
  EXPECT_TRUE(outcomes_.Await(3).delivered);
  EXPECT_FALSE(outcomes_.Get(1).has_value());
  EXPECT_FALSE(outcomes_.Get(2).has_value());
  EXPECT_EQ(server_.Requests().size(), 2u);  // The second of the slow one waits for its turn.
  server_.Open();
  EXPECT_TRUE(outcomes_.Await(1).delivered);
  EXPECT_TRUE(outcomes_.Await(2).delivered);
}

TEST_F(CurlNotifierTest, WaitingIsBounded) {
  Start(/*max_in_flight=*/1, /*max_waiting=*/1);
  Send(1, "slow", server_.Url("/gate"));
  server_.AwaitRequests(1);
  Send(2, "slow", server_.Url("/gate"));
  Send(3, "slow", server_.Url("/gate"));
  const DeliveryOutcome outcome = outcomes_.Await(3);
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
  server_.Open();
  EXPECT_TRUE(outcomes_.Await(1).delivered);
  EXPECT_TRUE(outcomes_.Await(2).delivered);
}

TEST_F(CurlNotifierTest, StopsAtOnceAndEndsEveryDeliveryOnce) {
  Start(/*max_in_flight=*/2);
  for (int i = 0; i < 5; ++i) Send(i, "slow", server_.Url("/hang"));
  server_.AwaitRequests(2);
  notifier_.reset();
  EXPECT_EQ(outcomes_.calls(), 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(outcomes_.Await(i).delivered);
    EXPECT_TRUE(outcomes_.Await(i).retryable);
  }
}

TEST_F(CurlNotifierTest, DeliversManyFromManyThreads) {
  Start(/*max_in_flight=*/3, /*max_waiting=*/1000);
  constexpr int kEach = 20;
  std::vector<std::thread> senders;
  for (int s = 0; s < 4; ++s) {
    senders.emplace_back([this, s] {
      for (int i = 0; i < kEach; ++i) {
        Send(s * kEach + i, s % 2 == 0 ? "a" : "b", server_.Url("/status/200"));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  for (int i = 0; i < 4 * kEach; ++i) EXPECT_TRUE(outcomes_.Await(i).delivered);
  EXPECT_EQ(outcomes_.calls(), 4 * kEach);
}

}  // namespace
}  // namespace vigil::alerting
