// SPDX-License-Identifier: Apache-2.0
//
// OTLP traces against a store: what becomes of them (testdata/traces.txt), and what damaged and
// repeated requests do.
#include "collector/otlp/traces_receiver.h"

#include <string>

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb.h>

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

using Request = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
using storage::kDefaultTenant;
using storage::testing::StorageHarness;
using testing::FromText;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SpansText;
using testing::WithInstants;
using vigil::testing::StatusIs;
using vigil::testing::TextCase;

// A receiver on a store of its own.
struct Fixture {
  StorageHarness harness{3};
  TracesReceiver receiver{&harness.storage()};

  absl::StatusOr<ExportOutcome> Export(std::string_view bytes) {
    return receiver.Export(kDefaultTenant, bytes);
  }
  std::string Spans() { return SpansText(harness.storage()); }
};

TEST(TracesReceiverTest, Script) {
  const auto run = [](const TextCase& text_case) -> std::string {
    Fixture fixture;
    const Request request = FromText<Request>(WithInstants(text_case.input, 1));
    const absl::StatusOr<ExportOutcome> outcome = fixture.Export(request.SerializeAsString());
    if (!outcome.ok()) return outcome.status().ToString();
    return fixture.Spans() + testing::OutcomeText(*outcome);
  };
  vigil::testing::RunTextScript("tests/collector/otlp/testdata/traces.txt", run);
}

std::string TwoTraces() {
  return FromText<Request>(fmt::format(R"(
    resource_spans {{
      resource {{ attributes {{ key: "service.name" value {{ string_value: "shop" }} }} }}
      scope_spans {{ scope {{ name: "SCOPE" }}
        spans {{ trace_id: "0123456789abcdef" span_id: "00000001" start_time_unix_nano: {0} name: "first" }} }}
      scope_spans {{
        spans {{ trace_id: "fedcba9876543210" span_id: "00000001" start_time_unix_nano: {0} name: "second" }} }} }})",
                                       storage::testing::kStartNs))
      .SerializeAsString();
}

TEST(TracesReceiverTest, TheSameBytesTwiceAreThereOnce) {
  Fixture fixture;
  ASSERT_OK(fixture.Export(TwoTraces()));
  const std::string once = fixture.Spans();
  ASSERT_OK(fixture.Export(TwoTraces()));
  EXPECT_EQ(fixture.Spans(), once);
}

TEST(TracesReceiverTest, TextThatIsNotUtf8CostsOnlyItsSpan) {
  std::string bytes = TwoTraces();
  bytes.replace(bytes.find("second"), 6, "\xff\xff\xff\xff\xff\xff");
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(bytes));
  EXPECT_EQ(outcome.rejected, 1);
  EXPECT_THAT(outcome.message, HasSubstr("UTF-8"));
  EXPECT_THAT(fixture.Spans(), HasSubstr("first"));
}

TEST(TracesReceiverTest, AScopeThatIsNotUtf8CostsItsSpansOnly) {
  std::string bytes = TwoTraces();
  bytes.replace(bytes.find("SCOPE"), 5, "\xff\xff\xff\xff\xff");
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(bytes));
  EXPECT_EQ(outcome.rejected, 1);
  EXPECT_THAT(outcome.message, HasSubstr("scope"));
  EXPECT_THAT(fixture.Spans(), ::testing::AllOf(HasSubstr("second"), Not(HasSubstr("first"))));
}

TEST(TracesReceiverTest, ARequestThatIsCutShortStoresNothing) {
  const std::string bytes = TwoTraces();
  for (size_t size = 1; size < bytes.size(); ++size) {
    Fixture fixture;
    EXPECT_THAT(fixture.Export(bytes.substr(0, size)), StatusIs(absl::StatusCode::kInvalidArgument))
        << "cut at " << size;
    EXPECT_EQ(fixture.Spans(), "") << "cut at " << size;
  }
}

}  // namespace
}  // namespace vigil::collector
