// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/record_rules.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TenantLimits SmallLimits() {
  TenantLimits limits;
  limits.max_labels_per_stream = 2;
  limits.max_label_name_bytes = 8;
  limits.max_label_value_bytes = 16;
  limits.max_log_body_bytes = 100;
  limits.max_attributes = 3;
  limits.max_attribute_bytes = 50;
  return limits;
}

Attributes Named(int count) {
  Attributes attributes;
  for (int i = 0; i < count; ++i) attributes.push_back({"a" + std::to_string(i), {int64_t{i}}});
  return attributes;
}

LogRecord RecordOf(std::string body, Attributes attributes = {}) {
  LogRecord record;
  record.body.data = std::move(body);
  record.attributes = std::move(attributes);
  record.origin = std::make_shared<const Origin>();
  return record;
}

// What is left of records in one stream, and why the others are not.
struct Outcome {
  size_t kept;
  WriteResult result;
};
Outcome Filter(std::vector<LogRecord> records, const Labels& labels = {{"a", "b"}}) {
  LogBatch batch;
  batch.streams.push_back({labels, std::move(records)});
  Outcome outcome{};
  FilterBySize(SmallLimits(), &batch, &outcome.result);
  outcome.kept = batch.size();
  return outcome;
}

TEST(RecordRulesTest, WhatIsWithinTheLimitsPasses) {
  const Outcome outcome = Filter({RecordOf(std::string(100, 'x'), Named(3)), RecordOf("")},
                                 {{"12345678", std::string(16, 'v')}, {"b", "c"}});
  EXPECT_EQ(outcome.kept, 2u);
  EXPECT_EQ(outcome.result.rejected, 0);
}

TEST(RecordRulesTest, ALongBodyCostsItsRecord) {
  const Outcome outcome = Filter({RecordOf("x"), RecordOf(std::string(101, 'x')), RecordOf("y")});
  EXPECT_EQ(outcome.kept, 2u);
  EXPECT_EQ(outcome.result.rejected, 1);
  EXPECT_THAT(outcome.result.rejection_reason,
              HasSubstr("101 bytes; the limit (limits.max_log_body_bytes) is 100"));
}

TEST(RecordRulesTest, NestedValuesAreMeasured) {
  const ValueList list(2, Value{std::string(30, 'x')});
  LogRecord record = RecordOf("");
  record.body.data = Attributes{{"list", {list}}, {"more", {Bytes{std::string(40, 'x')}}}};
  EXPECT_THAT(Filter({record}).result.rejection_reason, HasSubstr("108 bytes"));
}

TEST(RecordRulesTest, AttributesAreCountedAndMeasured) {
  EXPECT_THAT(Filter({RecordOf("", Named(4))}).result.rejection_reason,
              HasSubstr("4 attributes; the limit (limits.max_attributes) is 3"));
  EXPECT_THAT(Filter({RecordOf("", {{"name", {std::string(50, 'x')}}})}).result.rejection_reason,
              HasSubstr("54 bytes of attributes; the limit (limits.max_attribute_bytes) is 50"));
}

TEST(RecordRulesTest, AResourceCostsTheRecordsUnderIt) {
  const auto large = std::make_shared<const Origin>(Origin{Named(4), "", "", {}});
  std::vector<LogRecord> records(3, RecordOf("x"));
  records[0].origin = records[2].origin = large;
  const Outcome outcome = Filter(records);
  EXPECT_EQ(outcome.kept, 1u);
  EXPECT_THAT(outcome.result.rejection_reason, HasSubstr("a resource has 4 attributes"));
}

TEST(RecordRulesTest, LabelsCostTheStream) {
  const std::vector<LogRecord> two(2, RecordOf("x"));
  const auto reason = [&](const Labels& labels) {
    const Outcome outcome = Filter(two, labels);
    EXPECT_EQ(outcome.kept, 0u);
    EXPECT_EQ(outcome.result.rejected, 2);
    return outcome.result.rejection_reason;
  };
  EXPECT_THAT(reason({{"a", "1"}, {"b", "1"}, {"c", "1"}}),
              HasSubstr("3 labels; the limit (limits.max_labels_per_stream) is 2"));
  EXPECT_THAT(reason({{"123456789", "1"}}),
              AllOf(HasSubstr("\"123456789\""), HasSubstr("(limits.max_label_name_bytes) is 8")));
  EXPECT_THAT(reason({{"a", std::string(1000, 'v')}}),
              AllOf(HasSubstr("1000 bytes; the limit (limits.max_label_value_bytes) is 16"),
                    ::testing::SizeIs(::testing::Lt(300u))));
}

TEST(RecordRulesTest, SpansAreMeasuredWithTheirEventsAndLinks) {
  std::vector<Span> spans(4);
  for (Span& span : spans) span.origin = std::make_shared<const Origin>();
  spans[1].attributes = Named(4);
  spans[2].events.push_back({1, "e", Named(4), 0});
  spans[3].links.emplace_back().attributes = Named(4);
  WriteResult result;
  FilterBySize(SmallLimits(), &spans, &result);
  EXPECT_EQ(spans.size(), 1u);
  EXPECT_EQ(result.rejected, 3);
  EXPECT_THAT(result.rejection_reason, HasSubstr("a span has 4 attributes"));
}

}  // namespace
}  // namespace vigil::storage
