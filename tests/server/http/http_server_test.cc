// SPDX-License-Identifier: Apache-2.0
//
// The listener over real sockets, spoken to byte by byte.
#include "server/http/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;

// A connection of a client. Reads end at the test's time limit if the server is silent for good.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False if the server has closed the connection before it had all of it.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(sent);
    }
    return true;
  }
  void EndSending() { ::shutdown(fd_, SHUT_WR); }

  // Everything until the server closes.
  std::string ReadAll() {
    while (ReadSome()) {
    }
    return std::exchange(buffer_, "");
  }
  // Head and body of one answer. `head_only`: it has no body, whatever its length says.
  std::string ReadAnswer(bool head_only = false) {
    while (buffer_.find("\r\n\r\n") == std::string::npos && ReadSome()) {
    }
    const size_t head = buffer_.find("\r\n\r\n") + 4;
    constexpr std::string_view kLength = "Content-Length: ";
    const size_t at = buffer_.find(kLength);
    const size_t body =
        head_only || at > head ? 0 : std::stoul(buffer_.substr(at + kLength.size()));
    while (buffer_.size() < head + body && ReadSome()) {
    }
    const std::string answer = buffer_.substr(0, head + body);
    buffer_.erase(0, head + body);
    return answer;
  }

 private:
  bool ReadSome() {
    char bytes[4096];
    const ssize_t count = ::recv(fd_, bytes, sizeof(bytes), 0);
    if (count > 0) buffer_.append(bytes, count);
    return count > 0;
  }

  const int fd_;
  std::string buffer_;
};

// Answers /echo with what it was asked.
class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    const auto echo = [](const HttpRequest& request) {
      HttpResponse response;
      response.body = fmt::format("{} {} [{}]", request.method, request.path, request.body);
      for (const auto& [name, value] : request.parameters) {
        response.body += fmt::format(" {}={}", name, value);
      }
      const auto header = request.headers.find("x-test");
      if (header != request.headers.end()) response.headers = {{"X-Test", header->second}};
      return response;
    };
    router_.Add("GET", "/echo", echo);
    router_.Add("POST", "/echo", echo);
  }

  void Start(HttpServerOptions options = {}) {
    auto server = HttpServer::Start(options, &router_, {&workers_, &long_workers_});
    ASSERT_OK(server);
    server_ = *std::move(server);
  }
  // What one request on a connection of its own gets.
  std::string Ask(std::string_view request) {
    Client client(server_->port());
    client.Send(request);
    client.EndSending();
    return client.ReadAll();
  }

  ThreadPool workers_{4, 4};
  ThreadPool long_workers_{1, 1};
  HttpRouter router_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, HandsOnWhatWasAskedAndAnswers) {
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_NE(server_->port(), 0);
  EXPECT_THAT(
      Ask("POST /echo?a=%20b&c=d HTTP/1.1\r\nHost: x\r\nX-TEST: yes\r\nContent-Length: 4\r\n"
          "Connection: close\r\n\r\nbody"),
      AllOf(StartsWith("HTTP/1.1 200 OK\r\nDate: "),
            EndsWith("\r\nContent-Type: text/plain; charset=utf-8\r\nX-Test: yes\r\n"
                     "Connection: close\r\nContent-Length: 26\r\n\r\n"
                     "POST /echo [body] a= b c=d")));
  EXPECT_THAT(Ask("GET /%65cho HTTP/1.0\r\n\r\n"), HasSubstr("GET /echo []"));
}

TEST_F(HttpServerTest, ChunkedBodiesArrive) {
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(Ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              HasSubstr("[abcde]"));
}

TEST_F(HttpServerTest, AConnectionServesManyRequests) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Client client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.Send(fmt::format("GET /echo?i={} HTTP/1.1\r\nHost: x\r\n\r\n", i));
    EXPECT_THAT(client.ReadAnswer(), HasSubstr(fmt::format("i={}", i)));
  }
  // Two at once, and the last one ends it.
  client.Send("GET /echo?i=3 HTTP/1.1\r\n\r\nGET /echo?i=4 HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("i=3"));
  EXPECT_THAT(client.ReadAll(), HasSubstr("i=4"));
}

TEST_F(HttpServerTest, HeadIsAnsweredWithoutABody) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Client client(server_->port());
  client.Send("HEAD /echo HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(true), AllOf(HasSubstr("200 OK"), HasSubstr("Content-Length: 13")));
  client.Send("GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200 OK")) << "nothing stands before it";
}

TEST_F(HttpServerTest, AnswersTellTheirDate) {
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(Ask("GET /echo HTTP/1.1\r\n\r\n"),
              ContainsRegex("Date: [MTWFS][a-z]{2}, [0-9]{2} [JFMASOND][a-z]{2} 2[0-9]{3} "
                            "[0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n"));
}

TEST_F(HttpServerTest, PathsAndMethodsAreRouted) {
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(Ask("GET /none HTTP/1.1\r\n\r\n"), HasSubstr("404 Not Found"));
  EXPECT_THAT(Ask("DELETE /echo HTTP/1.1\r\n\r\n"),
              AllOf(HasSubstr("405 Method Not Allowed"), HasSubstr("Allow: GET, POST")));
  EXPECT_THAT(Ask("BREW /echo HTTP/1.1\r\n\r\n"), HasSubstr("405"));
}

TEST_F(HttpServerTest, ABodyThatIsTooLargeIsRefused) {
  HttpServerOptions options;
  options.max_body_bytes = 10;
  ASSERT_NO_FATAL_FAILURE(Start(options));
  EXPECT_THAT(Ask("POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789"),
              HasSubstr("200 OK"));
  EXPECT_THAT(Ask("POST /echo HTTP/1.1\r\nContent-Length: 11\r\n\r\n"),
              AllOf(HasSubstr("413"), HasSubstr("10 bytes"), HasSubstr("Connection: close")));
  EXPECT_THAT(Ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n"),
              HasSubstr("413"));
}

TEST_F(HttpServerTest, WhoSendsAllOfALargeBodyBeforeReadingIsAnswered) {
  HttpServerOptions options;
  options.max_body_bytes = 10;
  ASSERT_NO_FATAL_FAILURE(Start(options));
  const std::string body(40 << 20, 'x');
  Client client(server_->port());
  EXPECT_TRUE(
      client.Send(fmt::format("POST /echo HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.size())));
  EXPECT_TRUE(client.Send(body));
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("413"));
}

TEST_F(HttpServerTest, WhatIsNoHttpIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const std::string request :
       {"hello\r\n\r\n", "GET\r\n\r\n", "GET /echo HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\r\n", "GET /echo HTTP/1.1\r\nbad header\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: many\r\n\r\n"}) {
    EXPECT_THAT(Ask(request), StartsWith("HTTP/1.1 400")) << request;
  }
  EXPECT_THAT(Ask("GET /echo HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
              Not(HasSubstr("200 OK")));
  // Cut short, and nothing at all: there is nobody to answer.
  EXPECT_EQ(Ask("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"), "");
  EXPECT_EQ(Ask(""), "");
  EXPECT_THAT(Ask("GET /echo HTTP/1.1\r\n\r\n"), HasSubstr("200 OK")) << "it goes on";
}

TEST_F(HttpServerTest, ASilentConnectionIsClosed) {
  HttpServerOptions options;
  options.idle_timeout_ms = 1;
  ASSERT_NO_FATAL_FAILURE(Start(options));
  Client client(server_->port());
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(HttpServerTest, ASlowHandlerIsAnswered) {
  // Longer than a client may be silent.
  std::latch asked(1);
  std::latch answer(1);
  router_.Add(
      "GET", "/slow",
      [&](const HttpRequest&) {
        asked.count_down();
        answer.wait();
        // More than the socket takes at once.
        return HttpResponse{.body = std::string(16 << 20, 'x') + "at last"};
      },
      HandlerKind::kSlow);
  HttpServerOptions options;
  options.idle_timeout_ms = 1000;
  options.threads = 2;
  ASSERT_NO_FATAL_FAILURE(Start(options));
  Client slow(server_->port());
  slow.Send("GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n");
  asked.wait();
  // A silent connection lives as long as that limit, so when it ends, the limit has passed.
  Client(server_->port()).ReadAll();
  answer.count_down();
  EXPECT_TRUE(slow.ReadAll().ends_with("at last"));
}

TEST_F(HttpServerTest, HandlersRunAtTheSameTime) {
  std::latch both(2);
  router_.Add(
      "GET", "/meet",
      [&both](const HttpRequest&) {
        both.arrive_and_wait();
        return HttpResponse{.body = "met"};
      },
      HandlerKind::kSlow);
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(
        [this] { EXPECT_THAT(Ask("GET /meet HTTP/1.1\r\n\r\n"), HasSubstr("met")); });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(HttpServerTest, SlowHandlersDoNotHoldUpQuickOnes) {
  // As many as there are workers, and more than the server has threads.
  std::latch begun(4);
  std::latch end(1);
  router_.Add(
      "GET", "/slow",
      [&](const HttpRequest&) {
        begun.count_down();
        end.wait();
        return HttpResponse{.body = "slow"};
      },
      HandlerKind::kSlow);
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(server_->port()));
    clients.back()->Send("GET /slow HTTP/1.1\r\n\r\n");
  }
  begun.wait();
  EXPECT_THAT(Ask("GET /echo HTTP/1.1\r\n\r\n"), HasSubstr("200 OK"));
  end.count_down();
  for (const auto& client : clients) EXPECT_THAT(client->ReadAnswer(), HasSubstr("slow"));
  clients[0]->Send("GET /slow HTTP/1.1\r\n\r\n");
  EXPECT_THAT(clients[0]->ReadAnswer(), HasSubstr("slow")) << "the connection goes on";
}

TEST_F(HttpServerTest, LongHandlersDoNotHoldUpSlowOnes) {
  std::latch begun(1);
  std::latch end(1);
  router_.Add(
      "GET", "/long",
      [&](const HttpRequest&) {
        begun.count_down();
        end.wait();
        return HttpResponse{.body = "long"};
      },
      HandlerKind::kLong);
  router_.Add(
      "GET", "/slow", [](const HttpRequest&) { return HttpResponse{.body = "slow"}; },
      HandlerKind::kSlow);
  ASSERT_NO_FATAL_FAILURE(Start());
  Client client(server_->port());
  client.Send("GET /long HTTP/1.1\r\n\r\n");
  begun.wait();
  EXPECT_THAT(Ask("GET /slow HTTP/1.1\r\n\r\n"), HasSubstr("slow"));
  end.count_down();
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("long"));
}

TEST_F(HttpServerTest, WhatIsQuickIsHandledInPlaceThoughWorkersAreBusy) {
  std::latch begun(1);
  std::latch end(1);
  router_.Add(
      "GET", "/long",
      [&](const HttpRequest& request) {
        if (request.in_place) return HttpResponse{.body = "in place"};
        begun.count_down();
        end.wait();
        return HttpResponse{.body = "by a worker"};
      },
      HandlerKind::kLong, [](const HttpRequest& request) { return !request.parameters.empty(); });
  ASSERT_NO_FATAL_FAILURE(Start());
  Client client(server_->port());
  client.Send("GET /long HTTP/1.1\r\n\r\n");
  begun.wait();
  EXPECT_THAT(Ask("GET /long?quick=1 HTTP/1.1\r\n\r\n"), HasSubstr("in place"));
  end.count_down();
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("by a worker"));
}

TEST_F(HttpServerTest, WhoFindsNoWorkerIsToldToComeBack) {
  std::latch begun(4);
  std::latch end(1);
  router_.Add(
      "GET", "/slow",
      [&](const HttpRequest&) {
        if (!begun.try_wait()) begun.count_down();
        end.wait();
        return HttpResponse{.body = "slow"};
      },
      HandlerKind::kSlow);
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<std::unique_ptr<Client>> clients;
  const auto send = [&] {
    clients.push_back(std::make_unique<Client>(server_->port()));
    clients.back()->Send("GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n");
  };
  for (int i = 0; i < 4; ++i) send();
  begun.wait();
  // Four more wait in the queue, of five one does not.
  for (int i = 0; i < 5; ++i) send();
  std::vector<std::string> answers(5);
  std::latch refused(1);
  std::vector<std::thread> readers;
  for (int i = 0; i < 5; ++i) {
    readers.emplace_back([&, i] {
      answers[i] = clients[4 + i]->ReadAll();
      if (answers[i].find("503") != std::string::npos) refused.count_down();
    });
  }
  refused.wait();
  end.count_down();
  for (std::thread& reader : readers) reader.join();
  for (int i = 0; i < 4; ++i) clients[i]->ReadAll();  // Their handlers look at `end`.
  EXPECT_THAT(answers, ::testing::Contains(AllOf(HasSubstr("503"), HasSubstr("Retry-After: 1"))));
}

// Answers /pieces with "first" and so many more pieces, one of them empty.
void AddPieces(HandlerKind kind, HttpRouter* router) {
  router->Add(
      "GET", "/pieces",
      [](const HttpRequest&) {
        HttpResponse response{.body = "first"};
        response.rest = [left = 3](std::string* piece) mutable {
          *piece = left == 2 ? "" : fmt::format(" {}", left);
          return --left > 0;
        };
        return response;
      },
      kind);
}

TEST_F(HttpServerTest, AnswersInPiecesAreChunked) {
  AddPieces(HandlerKind::kSlow, &router_);
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string chunks = "\r\n\r\n5\r\nfirst\r\n2\r\n 3\r\n2\r\n 1\r\n0\r\n\r\n";
  Client client(server_->port());
  client.Send("GET /pieces HTTP/1.1\r\n\r\nGET /pieces HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string answers = client.ReadAll();
  EXPECT_THAT(answers, AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("Transfer-Encoding: chunked"),
                             HasSubstr(chunks + "HTTP/1.1 200 OK"), Not(HasSubstr("Length"))));
  EXPECT_TRUE(answers.ends_with(chunks));
}

TEST_F(HttpServerTest, AnswersInPiecesWithoutWorkers) {
  AddPieces(HandlerKind::kQuick, &router_);
  auto server = HttpServer::Start({}, &router_);
  ASSERT_OK(server);
  server_ = *std::move(server);
  EXPECT_THAT(Ask("GET /pieces HTTP/1.1\r\nConnection: close\r\n\r\n"),
              HasSubstr("2\r\n 1\r\n0\r\n\r\n"));
}

TEST_F(HttpServerTest, WhoKnowsNoChunksGetsAllUntilTheEnd) {
  AddPieces(HandlerKind::kSlow, &router_);
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string answer = Ask("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(answer, AllOf(HasSubstr("Connection: close"), Not(HasSubstr("chunked"))));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nfirst 3 1"));
}

TEST_F(HttpServerTest, HeadOfAnAnswerInPieces) {
  AddPieces(HandlerKind::kSlow, &router_);
  ASSERT_NO_FATAL_FAILURE(Start());
  Client client(server_->port());
  client.Send("HEAD /pieces HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(true), HasSubstr("chunked"));
  client.Send("GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200 OK")) << "nothing stands before it";
}

// Answers /wait once nobody waits for the answer.
void AddWait(std::latch* begun, std::latch* ended, HttpRouter* router) {
  router->Add(
      "GET", "/wait",
      [begun, ended](const HttpRequest& request) {
        begun->count_down();
        while (!request.cancelled->load()) std::this_thread::yield();
        ended->count_down();
        return HttpResponse();
      },
      HandlerKind::kSlow);
}

TEST_F(HttpServerTest, AHandlerLearnsThatItsClientHasGone) {
  std::latch begun(2);
  std::latch ended(2);
  AddWait(&begun, &ended, &router_);
  ASSERT_NO_FATAL_FAILURE(Start());
  auto once = std::make_unique<Client>(server_->port());
  once->Send("GET /wait HTTP/1.1\r\n\r\n");
  auto after_another = std::make_unique<Client>(server_->port());
  after_another->Send("GET /echo HTTP/1.1\r\n\r\n");
  after_another->ReadAnswer();
  after_another->Send("GET /wait HTTP/1.1\r\n\r\n");
  begun.wait();
  once.reset();
  after_another.reset();
  ended.wait();
}

TEST_F(HttpServerTest, StoppingTellsHandlers) {
  std::latch begun(1);
  std::latch ended(1);
  AddWait(&begun, &ended, &router_);
  ASSERT_NO_FATAL_FAILURE(Start());
  Client client(server_->port());
  client.Send("GET /wait HTTP/1.1\r\n\r\n");
  begun.wait();
  server_.reset();
  EXPECT_TRUE(ended.try_wait());
}

TEST_F(HttpServerTest, WhoAsksWhetherToSendIsToldTo) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Client client(server_->port());
  client.Send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer(true), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("body");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("[body]"));
}

TEST_F(HttpServerTest, BodiesThatArriveHaveALimitTogether) {
  HttpServerOptions options;
  options.max_bytes_in_flight = 10;
  ASSERT_NO_FATAL_FAILURE(Start(options));
  Client first(server_->port());
  first.Send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n");
  EXPECT_THAT(first.ReadAnswer(true), HasSubstr("100 Continue")) << "it has its room now";
  EXPECT_THAT(Ask("POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"),
              AllOf(HasSubstr("503"), HasSubstr("Retry-After"), HasSubstr("Connection: close")));
  first.Send("12345678");
  EXPECT_THAT(first.ReadAnswer(), HasSubstr("[12345678]"));
  EXPECT_THAT(Ask("POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, StoppingEndsOpenConnections) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Client idle(server_->port());
  idle.Send("GET /echo HTTP/1.1\r\n\r\n");
  idle.ReadAnswer();
  Client half(server_->port());
  half.Send("GET /ec");
  server_.reset();
  EXPECT_EQ(idle.ReadAll(), "");
  EXPECT_EQ(half.ReadAll(), "");
}

TEST_F(HttpServerTest, AddressesThatCannotBeHad) {
  ASSERT_NO_FATAL_FAILURE(Start());
  HttpServerOptions taken;
  taken.port = server_->port();
  EXPECT_THAT(HttpServer::Start(taken, &router_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr(fmt::format("127.0.0.1:{}", taken.port))));
  HttpServerOptions named;
  named.host = "example.com";
  EXPECT_THAT(HttpServer::Start(named, &router_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("example.com")));
}

}  // namespace
}  // namespace vigil::server
