// SPDX-License-Identifier: Apache-2.0
#include "server/listen_address.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;

TEST(ListenAddressTest, Parses) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"127.0.0.1:4317", "127.0.0.1:4317"},
      {"localhost:0", "127.0.0.1:0"},
      {":9090", "0.0.0.0:9090"},
      {"0.0.0.0:65535", "0.0.0.0:65535"},
      {"[::1]:80", "[::1]:80"},
      {"[::]:80", "[::]:80"},
  };
  for (const auto& [text, expected] : cases) {
    ASSERT_OK_AND_ASSIGN(const ListenAddress address, ParseListenAddress(text));
    EXPECT_EQ(address.ToString(), expected) << text;
  }
}

TEST(ListenAddressTest, Refuses) {
  for (const std::string_view text :
       {"", "4317", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
        "127.0.0.1:http", "127.0.0.1:80 ", "127.0.0.1:0x50", "[::1]"}) {
    EXPECT_THAT(ParseListenAddress(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("HOST:PORT")))
        << text;
  }
}

TEST(ListenAddressTest, ChecksWhetherSomethingElseListens) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in bound = {};
  bound.sin_family = AF_INET;
  bound.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&bound), sizeof(bound)), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  socklen_t size = sizeof(bound);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size), 0);
  const ListenAddress address = {"127.0.0.1", ntohs(bound.sin_port)};
  EXPECT_THAT(CheckFree(address, "--grpc"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(address.ToString()), HasSubstr("--grpc"))));
  ::close(fd);
  EXPECT_OK(CheckFree(address, "--grpc"));
  EXPECT_OK(CheckFree(address, "--grpc")) << "looking does not take it";
  EXPECT_OK(CheckFree({"127.0.0.1", 0}, "--grpc"));
}

TEST(ListenAddressTest, HostsAreNumbers) {
  for (const std::string host : {"example.com", "127.0.0.256", "[::1", ""}) {
    EXPECT_THAT(CheckFree({host, 0}, "--http"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--http")))
        << host;
  }
}

}  // namespace
}  // namespace vigil::server
