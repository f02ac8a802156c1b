// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "cli/client.h"
#include "cli/query_call.h"

namespace vigil::cli {
namespace {

// Takes connections and says nothing.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() {
    ::close(connection_);
    ::close(socket_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Accept() { connection_ = ::accept(socket_, nullptr, nullptr); }

 private:
  const int socket_;
  int connection_ = -1;
  int port_ = 0;
};

TEST(InterruptTest, CtrlCGivesUpACallAndNotTheProgram) {
  CatchInterrupts();
  EXPECT_FALSE(TakeInterrupt());
  SilentServer server;
  ClientOptions options;
  options.server = server.address();
  const Client client(options);
  QueryCall call;
  call.query = "up";
  std::thread person([&server] {
    server.Accept();
    ::kill(::getpid(), SIGINT);
  });
  const Reply reply = AskQuery(call, client, {});
  person.join();
  EXPECT_EQ(reply.exit_status, kExitRefused);
  EXPECT_TRUE(TakeInterrupt());
  EXPECT_FALSE(TakeInterrupt()) << "told once";
}

TEST(InterruptTest, WithoutCtrlCACallGoesOn) {
  CatchInterrupts();
  TakeInterrupt();
  grpc::ClientContext context;
  { const CancelOnInterrupt guard(&context); }
  EXPECT_FALSE(TakeInterrupt());
}

}  // namespace
}  // namespace vigil::cli
