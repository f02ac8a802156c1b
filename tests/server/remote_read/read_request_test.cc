// SPDX-License-Identifier: Apache-2.0
#include "server/remote_read/read_request.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/remote_read.pb.h>

#include "tests/collector/remote_write/write_text.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using collector::testing::BytesOf;
using collector::testing::Compress;
using ::testing::HasSubstr;
using vigil::testing::StatusIs;

constexpr size_t kMaxBytes = 10'000;

absl::StatusOr<ReadRequest> Parse(const std::string& text, const storage::Labels& external = {}) {
  return ParseReadRequest(Compress(BytesOf<prometheus::ReadRequest>(text)), kMaxBytes, external);
}

TEST(ReadRequestTest, MatchersAndTimes) {
  ASSERT_OK_AND_ASSIGN(const ReadRequest request, Parse(R"(
      queries { start_timestamp_ms: 5 end_timestamp_ms: 9
        matchers { name: "a" value: "1" } matchers { type: NEQ name: "b" value: "2" }
        matchers { type: RE name: "c" value: "3.*" } matchers { type: NRE name: "d" value: "4" } }
      queries { start_timestamp_ms: -1 })"));
  ASSERT_EQ(request.queries.size(), 2u);
  EXPECT_EQ(request.form, ReadForm::kSamples);
  EXPECT_EQ(request.queries[0].range.start_ms, 5);
  EXPECT_EQ(request.queries[0].range.end_ms, 9);
  std::string text;
  for (const storage::Matcher& matcher : request.queries[0].matchers) text += matcher.ToString();
  EXPECT_EQ(text, R"(a="1"b!="2"c=~"3.*"d!~"4")");
  EXPECT_EQ(request.queries[1].range.start_ms, -1);
}

TEST(ReadRequestTest, TheFirstFormThatIsKnown) {
  EXPECT_EQ(Parse("accepted_response_types: [SAMPLES, STREAMED_XOR_CHUNKS]")->form,
            ReadForm::kSamples);
  EXPECT_EQ(Parse("accepted_response_types: [STREAMED_XOR_CHUNKS, SAMPLES]")->form,
            ReadForm::kChunks);
  // An unknown number, which proto3 keeps.
  prometheus::ReadRequest request;
  request.add_accepted_response_types(static_cast<prometheus::ReadRequest::ResponseType>(7));
  EXPECT_THAT(ParseReadRequest(Compress(request.SerializeAsString()), kMaxBytes, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ask for SAMPLES")));
  request.add_accepted_response_types(prometheus::ReadRequest::STREAMED_XOR_CHUNKS);
  EXPECT_EQ(ParseReadRequest(Compress(request.SerializeAsString()), kMaxBytes, {})->form,
            ReadForm::kChunks);
}

TEST(ReadRequestTest, MatchersOfExternalLabelsAreMet) {
  const storage::Labels external = {{"dc", "x"}};
  const auto matchers = [&](const char* matcher) {
    return Parse(std::string("queries { matchers { ") + matcher + " } }", external)
        ->queries[0]
        .matchers.size();
  };
  EXPECT_EQ(matchers(R"(name: "dc" value: "x")"), 0u);
  EXPECT_EQ(matchers(R"(name: "dc" value: "y")"), 1u);
  EXPECT_EQ(matchers(R"(type: RE name: "dc" value: "x")"), 1u);
  EXPECT_EQ(matchers(R"(name: "zone" value: "")"), 1u);
}

TEST(ReadRequestTest, WhatIsNone) {
  const auto invalid = [](const char* why) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why));
  };
  EXPECT_THAT(ParseReadRequest("", kMaxBytes, {}), invalid("snappy"));
  EXPECT_THAT(ParseReadRequest(Compress("\x0a\xff"), kMaxBytes, {}), invalid("ReadRequest"));
  EXPECT_THAT(ParseReadRequest(Compress(std::string(kMaxBytes + 1, '\0')), kMaxBytes, {}),
              invalid("the limit is 10000"));
  EXPECT_THAT(Parse(R"(queries { matchers { type: RE name: "a" value: "(" } })"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  prometheus::ReadRequest request;
  request.add_queries()->add_matchers()->set_type(static_cast<prometheus::LabelMatcher::Type>(9));
  EXPECT_THAT(ParseReadRequest(Compress(request.SerializeAsString()), kMaxBytes, {}),
              invalid("matcher type 9"));
}

}  // namespace
}  // namespace vigil::server
