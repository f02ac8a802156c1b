// SPDX-License-Identifier: Apache-2.0
#include "query/logql/record_fields.h"

#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vigil::logql {
namespace {

using storage::Attributes;
using storage::Value;

std::string FieldsOf(const storage::LogRecord& record, const storage::Labels& stream) {
  LogLine line(&stream);
  SetRecordFields(record, &line);
  std::string text;
  for (const Field& field : line.fields()) text += fmt::format("{}={}\n", field.name, field.value);
  return text;
}

storage::LogRecord EmptyRecord() {
  storage::LogRecord record;
  record.origin = std::make_shared<const storage::Origin>();
  return record;
}

TEST(RecordFieldsTest, NamesAreSanitised) {
  EXPECT_EQ(FieldName("service.name"), "service_name");
  EXPECT_EQ(FieldName("a..b--c"), "a_b_c");
  EXPECT_EQ(FieldName("1st"), "key_1st");
  EXPECT_EQ(FieldName("_x"), "_x");
  EXPECT_EQ(FieldName("größe"), "gr_e");
  EXPECT_EQ(FieldName(""), "");
  EXPECT_EQ(FieldName("._."), "");
}

TEST(RecordFieldsTest, EverythingOfARecordIsAField) {
  auto origin = std::make_shared<storage::Origin>();
  origin->resource = {{"service.name", Value{std::string("gateway")}},
                      {"host.name", Value{std::string("h1")}}};
  origin->scope_name = "lib";
  origin->scope_version = "1.0";
  origin->scope_attributes = {{"scope.x", Value{true}}};
  storage::LogRecord record;
  record.origin = origin;
  record.time_ns = 5;
  record.observed_time_ns = 1'700'000'000'000'000'000;
  record.severity_number = 17;
  record.severity_text = "ERROR";
  record.event_name = "started";
  record.trace_id = storage::TraceId::FromHexText("0102030405060708090a0b0c0d0e0f10");
  record.span_id = storage::SpanId::FromHexText("0102030405060708");
  record.flags = 1;
  record.attributes = {
      {"http.status", Value{int64_t{503}}},
      {"http", Value{Attributes{{"method", Value{std::string("GET")}},
                                {"n", Value{Attributes{{"x", Value{1.5}}}}}}}},
      {"list", Value{storage::ValueList{Value{int64_t{1}}, Value{std::string("a")}}}},
      {"none", Value{}}};
  const storage::Labels stream = {{"service_name", "gateway"}};
  EXPECT_EQ(FieldsOf(record, stream),
            "detected_level=error\n"
            "event_name=started\n"
            "flags=1\n"
            "host_name=h1\n"
            "http_method=GET\n"
            "http_n_x=1.5\n"
            "http_status=503\n"
            "list=[1,\"a\"]\n"
            "observed_timestamp=1700000000000000000\n"
            "scope_name=lib\n"
            "scope_version=1.0\n"
            "scope_x=true\n"
            "severity_number=17\n"
            "severity_text=ERROR\n"
            "span_id=0102030405060708\n"
            "trace_id=0102030405060708090a0b0c0d0e0f10\n");
}

TEST(RecordFieldsTest, TheMoreParticularCounts) {
  auto origin = std::make_shared<storage::Origin>();
  origin->resource = {{"a", Value{std::string("resource")}}, {"b", Value{std::string("resource")}}};
  origin->scope_attributes = {{"a", Value{std::string("scope")}}};
  storage::LogRecord record;
  record.origin = origin;
  record.event_name = "mine";
  record.attributes = {{"a", Value{std::string("record")}},
                       {"event.name", Value{std::string("other")}},
                       {"trace_id", Value{std::string("kept, as there is no other")}}};
  EXPECT_EQ(FieldsOf(record, {}),
            "a=record\nb=resource\ndetected_level=unknown\nevent_name=mine\n"
            "trace_id=kept, as there is no other\n");
}

TEST(RecordFieldsTest, LevelsFollowTheNumberThenTheText) {
  storage::LogRecord record = EmptyRecord();
  EXPECT_EQ(DetectedLevel(record), "unknown");
  record.severity_text = "Warning";
  EXPECT_EQ(DetectedLevel(record), "warn");
  record.severity_text = "loud";
  EXPECT_EQ(DetectedLevel(record), "unknown");
  const char* const levels[] = {"trace", "debug", "info", "warn", "error", "fatal"};
  for (int number = 1; number <= 24; ++number) {
    record.severity_number = static_cast<uint8_t>(number);
    EXPECT_EQ(DetectedLevel(record), levels[(number - 1) / 4]) << number;
  }
  record.severity_number = 25;
  EXPECT_EQ(DetectedLevel(record), "unknown");
}

TEST(RecordFieldsTest, DeepAttributesAreCutOff) {
  Value value{std::string("leaf")};
  for (int i = 0; i < 99; ++i) value = Value{Attributes{{std::string(50, 'k'), value}}};
  storage::LogRecord record = EmptyRecord();
  record.attributes = {{"a", value}, {"b", Value{std::string("c")}}};
  EXPECT_EQ(FieldsOf(record, {}), "b=c\ndetected_level=unknown\n");
}

}  // namespace
}  // namespace vigil::logql
