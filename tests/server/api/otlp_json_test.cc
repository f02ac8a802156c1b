// SPDX-License-Identifier: Apache-2.0
#include "server/api/otlp_json.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opentelemetry/proto/collector/logs/v1/logs_service.pb.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb.h>

#include "base/strings.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using collector::OtlpSignal;
using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

namespace logs = opentelemetry::proto::logs::v1;
namespace trace = opentelemetry::proto::trace::v1;

// The only record of a request whose record has these fields.
logs::LogRecord Record(const std::string& fields) {
  const std::string json =
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{)" + fields + "}]}]}]}";
  const absl::StatusOr<std::string> bytes = OtlpRequestFromJson(OtlpSignal::kLogs, json);
  EXPECT_OK(bytes) << json;
  opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest request;
  if (!bytes.ok() || !request.ParseFromString(*bytes)) return {};
  return request.resource_logs(0).scope_logs(0).log_records(0);
}

trace::Span Span(const std::string& fields) {
  const std::string json = R"({"resourceSpans":[{"scopeSpans":[{"spans":[{)" + fields + "}]}]}]}";
  const absl::StatusOr<std::string> bytes = OtlpRequestFromJson(OtlpSignal::kTraces, json);
  EXPECT_OK(bytes) << json;
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  if (!bytes.ok() || !request.ParseFromString(*bytes)) return {};
  return request.resource_spans(0).scope_spans(0).spans(0);
}

std::string Text(const std::string& json) {
  return Record(R"("body":{"stringValue":)" + json + "}").body().string_value();
}

TEST(OtlpJsonTest, IdsAreHexadecimal) {
  const trace::Span span = Span(R"("traceId" : "5B8EFFF798038103D269B633813FC60C",
      "spanId":"eee19b7ec3c1b174", "parentSpanId":"EEE19B7EC3C1B173", "name":"traceId",
      "links":[{"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"0001020304050607"}])");
  EXPECT_EQ(ToHex(span.trace_id()), "5b8efff798038103d269b633813fc60c");
  EXPECT_EQ(ToHex(span.span_id()), "eee19b7ec3c1b174");
  EXPECT_EQ(ToHex(span.parent_span_id()), "eee19b7ec3c1b173");
  EXPECT_EQ(span.name(), "traceId");
  EXPECT_EQ(ToHex(span.links(0).trace_id()), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(ToHex(span.links(0).span_id()), "0001020304050607");
}

TEST(OtlpJsonTest, WhatIsNoIdCostsNothingElse) {
  for (const std::string id : {"", "xyz", "!!", "0", "5b8efff798038103d269b633813fc60",
                               "eee19b7ec3c1b17z", "W47/95gDgQPSabYzgT/GDA==", "\\u0030\\u0030"}) {
    const logs::LogRecord record = Record(R"("body":{"stringValue":"kept"},"traceId":")" + id +
                                          R"(","spanId":null,"flags":1)");
    EXPECT_EQ(record.trace_id(), "") << id;
    EXPECT_EQ(record.body().string_value(), "kept") << id;
    EXPECT_EQ(record.flags(), 1u) << id;
  }
  // Whoever reads it sees that it is too short.
  EXPECT_EQ(ToHex(Record(R"("spanId":"00ff")").span_id()), "00ff");
}

TEST(OtlpJsonTest, AttributesMayBeNamedAsIds) {
  const logs::LogRecord record = Record(
      R"("attributes":[{"key":"traceId","value":{"stringValue":"spanId"}},)"
      R"({"key":"b","value":{"bytesValue":"AQI"}},{"key":"c","value":{"bytesValue":"_-8="}}])");
  EXPECT_EQ(record.attributes(0).key(), "traceId");
  EXPECT_EQ(record.attributes(0).value().string_value(), "spanId");
  EXPECT_EQ(record.attributes(1).value().bytes_value(), "\x01\x02");
  EXPECT_EQ(record.attributes(2).value().bytes_value(), "\xff\xef");
}

TEST(OtlpJsonTest, HalvesOfCharactersBecomeOne) {
  EXPECT_EQ(Text(R"("cut \ud83d")"), "cut \uFFFD");
  EXPECT_EQ(Text(R"("\ude00 cut")"), "\uFFFD cut");
  EXPECT_EQ(Text(R"("\ud83d\ud83d\ude00\ud83dx")"), "\uFFFD\U0001F600\uFFFDx");
  EXPECT_EQ(Text(R"("\ud83d\n\"\\ud83d\u00e9")"), "\uFFFD\n\"\\ud83d\u00e9");
}

TEST(OtlpJsonTest, WhatIsNoRequestIsToldSo) {
  for (const std::string json : {"", "[]", "{", "{\"resourceLogs\":\"", "{\"resourceLogs\":\"\\",
                                 "{\"resourceLogs\":7}", "{\"a\":\"\\ud8", "\"", "{}{}"}) {
    const absl::StatusOr<std::string> bytes = OtlpRequestFromJson(OtlpSignal::kLogs, json);
    EXPECT_THAT(bytes, StatusIs(absl::StatusCode::kInvalidArgument)) << json;
    EXPECT_THAT(bytes.status().message(), HasSubstr("not OTLP as JSON"));
  }
}

}  // namespace
}  // namespace vigil::server
