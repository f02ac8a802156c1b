// SPDX-License-Identifier: Apache-2.0
//
// OTLP logs against a store: what becomes of them (testdata/logs.txt), and what damaged and
// repeated requests do.
#include "collector/otlp/logs_receiver.h"

#include <string>

#include <opentelemetry/proto/collector/logs/v1/logs_service.pb.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collector/otlp/text_proto.h"
#include "tests/collector/store_text.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

using Request = opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest;
using storage::kDefaultTenant;
using storage::testing::StorageHarness;
using testing::FromText;
using ::testing::HasSubstr;
using testing::LogsText;
using testing::WithInstants;
using vigil::testing::StatusIs;
using vigil::testing::TextCase;

// A receiver on a store of its own.
struct Fixture {
  StorageHarness harness{3};
  LogsReceiver receiver{&harness.storage(), &harness.clock()};

  absl::StatusOr<ExportOutcome> Export(std::string_view bytes) {
    return receiver.Export(kDefaultTenant, bytes);
  }
  std::string Logs() { return LogsText(harness.storage()); }
};

TEST(LogsReceiverTest, Script) {
  const auto run = [](const TextCase& text_case) -> std::string {
    Fixture fixture;
    const Request request = FromText<Request>(WithInstants(text_case.input, 1));
    const absl::StatusOr<ExportOutcome> outcome = fixture.Export(request.SerializeAsString());
    if (!outcome.ok()) return outcome.status().ToString();
    return fixture.Logs() + testing::OutcomeText(*outcome);
  };
  vigil::testing::RunTextScript("tests/collector/otlp/testdata/logs.txt", run);
}

std::string TwoStreams(std::string_view first_body = "first") {
  return FromText<Request>(fmt::format(R"(
    resource_logs {{
      resource {{ attributes {{ key: "service.name" value {{ string_value: "SERVICE" }} }} }}
      scope_logs {{ scope {{ name: "lib" }} log_records {{ time_unix_nano: {0} body {{ string_value: "{1}" }} }}
                                            log_records {{ time_unix_nano: {0} body {{ string_value: "second" }} }} }} }}
    resource_logs {{ scope_logs {{ log_records {{ time_unix_nano: {0} body {{ string_value: "third" }} }} }} }})",
                                       storage::testing::kStartNs, first_body))
      .SerializeAsString();
}

TEST(LogsReceiverTest, TheSameBytesTwiceAreThereOnce) {
  Fixture fixture;
  ASSERT_OK(fixture.Export(TwoStreams()));
  const std::string once = fixture.Logs();
  ASSERT_OK(fixture.Export(TwoStreams()));
  EXPECT_EQ(fixture.Logs(), once);
  ASSERT_OK(fixture.Export(TwoStreams("other")));
  EXPECT_NE(fixture.Logs(), once);
}

TEST(LogsReceiverTest, WhatHasNoTimeMayHappenAgain) {
  Fixture fixture;
  const std::string bytes =
      FromText<Request>(
          R"(resource_logs { scope_logs { log_records { body { string_value: "a" } } } })")
          .SerializeAsString();
  ASSERT_OK(fixture.Export(bytes));
  const std::string once = fixture.Logs();
  ASSERT_OK(fixture.Export(bytes));
  EXPECT_EQ(fixture.Logs(), once + once);
}

TEST(LogsReceiverTest, TextThatIsNotUtf8CostsOnlyItsRecord) {
  std::string bytes = TwoStreams();
  bytes.replace(bytes.find("first"), 5, "\xff\xff\xff\xff\xff");
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(bytes));
  EXPECT_EQ(outcome.rejected, 1);
  EXPECT_THAT(outcome.message, HasSubstr("UTF-8"));
  EXPECT_THAT(fixture.Logs(), ::testing::AllOf(HasSubstr("second"), HasSubstr("third")));
}

TEST(LogsReceiverTest, AResourceThatIsNotUtf8CostsItsRecordsOnly) {
  std::string bytes = TwoStreams();
  bytes.replace(bytes.find("SERVICE"), 7, "\xff\xff\xff\xff\xff\xff\xff");
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(bytes));
  EXPECT_EQ(outcome.rejected, 2);
  EXPECT_THAT(outcome.message, HasSubstr("resource"));
  EXPECT_THAT(fixture.Logs(),
              ::testing::AllOf(::testing::Not(HasSubstr("second")), HasSubstr("third")));
}

TEST(LogsReceiverTest, ARequestThatIsCutShortStoresNothingOfItsEnvelope) {
  const std::string bytes = TwoStreams();
  const size_t first = 2 + static_cast<size_t>(bytes[1]);  // The first resource's end.
  ASSERT_LT(first, 130);
  for (size_t size = 0; size < bytes.size(); ++size) {
    Fixture fixture;
    const absl::StatusOr<ExportOutcome> outcome = fixture.Export(bytes.substr(0, size));
    EXPECT_EQ(outcome.ok(), size == 0 || size == first) << "cut at " << size;
    if (!outcome.ok()) {
      EXPECT_THAT(outcome, StatusIs(absl::StatusCode::kInvalidArgument));
      EXPECT_EQ(fixture.Logs(), "") << "cut at " << size;
    }
  }
}

TEST(LogsReceiverTest, AFailingStoreFailsTheRequestAndARetryIsStoredOnce) {
  Fixture healthy;
  ASSERT_OK(healthy.Export(TwoStreams()));
  int nth = 0;
  for (bool failed = true; failed;) {
    Fixture fixture;
    fixture.harness.store().FailAt(storage::FaultStore::Operation::kWrite, ++nth,
                                   absl::UnavailableError("sick"));
    failed = !fixture.Export(TwoStreams()).ok();
    ASSERT_OK(fixture.Export(TwoStreams()));
    EXPECT_EQ(fixture.Logs(), healthy.Logs());
  }
  EXPECT_GT(nth, 1);
}

TEST(LogStreamLabelsTest, AlwaysHaveAServiceName) {
  EXPECT_EQ(LogStreamLabels({}).ToString(), "{service_name=\"unknown_service\"}");
  EXPECT_EQ(LogStreamLabels({{"service.name", {std::string()}}}).ToString(),
            "{service_name=\"unknown_service\"}");
  EXPECT_EQ(LogStreamLabels({{"service.name", {std::string("a")}},
                             {"host.name", {std::string("h")}},
                             {"cloud.region", {std::string("r")}}})
                .ToString(),
            "{cloud_region=\"r\", service_name=\"a\"}");
}

}  // namespace
}  // namespace vigil::collector
