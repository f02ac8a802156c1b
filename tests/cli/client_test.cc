// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ClientTest, AddressesAreHostAndPort) {
  for (const char* const good : {"127.0.0.1:4317", "localhost:1", "[::1]:65535", "store.example:80",
                                 "unix:/run/vigil.sock", "dns:///store.example"}) {
    EXPECT_EQ(AddressFault(good), "") << good;
  }
  EXPECT_THAT(AddressFault("localhost"), HasSubstr("\"localhost\" has no port: write HOST:PORT"));
  EXPECT_THAT(AddressFault("localhost:"), HasSubstr("no port"));
  EXPECT_THAT(AddressFault("localhost:99999"), HasSubstr("between 1 and 65535"));
  EXPECT_THAT(AddressFault("localhost:http"), HasSubstr("between 1 and 65535"));
  EXPECT_THAT(AddressFault(":4317"), HasSubstr("has no host"));
  EXPECT_THAT(AddressFault("http://localhost:4318"), HasSubstr("is a URL"));
  EXPECT_THAT(AddressFault(""), HasSubstr("has no port"));
}

Reply Refused(grpc::StatusCode code, const std::string& message, std::string_view query = {}) {
  ClientOptions options;
  options.server = "127.0.0.1:1";
  return Client(options).Refuse(grpc::Status(code, message), query);
}

TEST(ClientTest, WhatTheServerRefusesIsShownInTheQuery) {
  const Reply reply = Refused(grpc::StatusCode::INVALID_ARGUMENT,
                              "1:5: parse error: unclosed left parenthesis", "sum(");
  EXPECT_EQ(reply.exit_status, kExitRefused);
  EXPECT_EQ(reply.out, "");
  EXPECT_EQ(reply.err,
            "error: 1:5: parse error: unclosed left parenthesis\n"
            "  sum(\n"
            "      ^\n");
}

TEST(ClientTest, NoServerIsAnotherStatus) {
  const Reply reply = Refused(grpc::StatusCode::UNAVAILABLE, "connection refused");
  EXPECT_EQ(reply.exit_status, kExitUnreachable);
  EXPECT_THAT(reply.err, StartsWith("error: no vigil answers at 127.0.0.1:1 (connection refused)"));
  EXPECT_THAT(reply.err, HasSubstr("VIGIL_SERVER"));
  EXPECT_THAT(Refused(grpc::StatusCode::UNAVAILABLE,
                      "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: "
                      "Failed to connect to remote host: Connection refused")
                  .err,
              StartsWith("error: no vigil answers at 127.0.0.1:1 (Connection refused);"));
  EXPECT_THAT(Refused(grpc::StatusCode::UNAVAILABLE, "Trying to connect an http1.x server").err,
              HasSubstr("speaks HTTP, not gRPC"));
}

TEST(ClientTest, TooLateMeansNotThereUntilThereWasAConnection) {
  const Reply reply = Refused(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded");
  EXPECT_EQ(reply.exit_status, kExitUnreachable);
  EXPECT_THAT(reply.err, HasSubstr("no answer from 127.0.0.1:1 within 120 s"));
}

TEST(ClientTest, OlderServersDoNotKnowAllCalls) {
  const Reply reply = Refused(grpc::StatusCode::UNIMPLEMENTED, "unknown service");
  EXPECT_EQ(reply.exit_status, kExitRefused);
  EXPECT_THAT(reply.err, HasSubstr("does not know this call"));
}

TEST(ClientTest, AnswersComeInTheFormatThatIsSet) {
  const Answer answer = {.json = [] { return nlohmann::ordered_json(1); },
                         .table = [] { return Table({"a"}); }};
  ClientOptions options;
  options.format = OutputFormat::kJson;
  const Client client(options);
  EXPECT_EQ(client.Show(answer, {}).out, "{\"status\":\"success\",\"data\":1}\n");
  EXPECT_EQ(client.WithFormat(OutputFormat::kCsv).Show(answer, {}).out, "a\r\n");
}

}  // namespace
}  // namespace vigil::cli
