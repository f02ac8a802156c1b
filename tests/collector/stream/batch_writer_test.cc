// SPDX-License-Identifier: Apache-2.0
#include "collector/stream/batch_writer.h"

#include <memory>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/vigil/v1/ingest.pb.h"
#include "tests/collector/otlp/text_proto.h"
#include "tests/collector/store_text.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using storage::kDefaultTenant;
using storage::testing::kStartMs;
using storage::testing::StorageHarness;
using testing::FromText;
using ::testing::HasSubstr;
using testing::LogsText;
using testing::MetadataText;
using testing::SeriesText;
using testing::WithInstants;
using vigil::testing::StatusIs;

// A store and one open stream of metrics. Timestamps count from the start of the clock.
class MetricBatchWriterTest : public ::testing::Test {
 protected:
  MetricBatchWriterTest() { Reopen(); }
  absl::StatusOr<ExportOutcome> Write(const std::string& text) {
    auto batch = FromText<v1::MetricBatch>(text);
    for (int i = 0; i < batch.timestamps_ms_size(); ++i) {
      batch.set_timestamps_ms(i, batch.timestamps_ms(i) + kStartMs);
    }
    return writer_->Write(batch);
  }
  // As a client does whose stream broke.
  void Reopen() {
    writer_ = std::make_unique<MetricBatchWriter>(&harness_.storage(), &harness_.clock(),
                                                  kDefaultTenant, "m/0/client");
  }
  std::string Series() { return SeriesText(harness_.storage()); }
  uint64_t Durable() { return harness_.storage().LastDurableNumber(kDefaultTenant, "m/0/client"); }

  StorageHarness harness_{3};
  std::unique_ptr<MetricBatchWriter> writer_;
};

constexpr char kDefineTwo[] = R"(
  series { ref: 1 type: METRIC_TYPE_COUNTER unit: "bytes" help: "sent"
           labels { name: "__name__" value: "sent_total" } labels { name: "job" value: "a" } }
  series { ref: 2 type: METRIC_TYPE_GAUGE
           labels { name: "job" value: "b" } labels { name: "__name__" value: "temperature" } })";

TEST_F(MetricBatchWriterTest, SeriesAreDefinedOnceAndUsedFromThenOn) {
  ASSERT_OK_AND_ASSIGN(const ExportOutcome first,
                       Write(std::string(kDefineTwo) +
                             "number: 1 refs: [1, 2] timestamps_ms: [0, 1] values: [5, -0.5]"));
  EXPECT_EQ(first.rejected, 0);
  ASSERT_OK(Write("number: 2 refs: [2, 2, 1] timestamps_ms: [3, 2, 2] values: [7, 6, nan]"));
  EXPECT_EQ(Series(),
            "sent_total{job=\"a\"} 0:5 2:NaN\n"
            "temperature{job=\"b\"} 1:-0.5 2:6 3:7\n");
  EXPECT_EQ(MetadataText(harness_.storage()),
            "sent_total counter \"bytes\" \"sent\"\n"
            "temperature gauge \"\" \"\"\n");
  EXPECT_EQ(Durable(), 2);
}

TEST_F(MetricBatchWriterTest, ABatchThatComesAgainIsStoredOnceAndStillDefines) {
  const std::string one = std::string(kDefineTwo) + "number: 1 refs: 1 timestamps_ms: 0 values: 5";
  ASSERT_OK(Write(one));
  ASSERT_OK(harness_.Kill());
  Reopen();
  ASSERT_OK(Write(one));
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome,
                       Write("number: 2 refs: 1 timestamps_ms: 1 values: 6"));
  EXPECT_EQ(outcome.rejected, 0);
  EXPECT_EQ(Series(), "sent_total{job=\"a\"} 0:5 1:6\n");
}

TEST_F(MetricBatchWriterTest, ColumnsMustHaveOneLength) {
  for (const std::string columns :
       {"refs: 1", "refs: 1 timestamps_ms: 0", "refs: [1, 1] timestamps_ms: [0, 1] values: 1",
        "timestamps_ms: 0 values: 1"}) {
    EXPECT_THAT(Write(std::string(kDefineTwo) + "number: 1 " + columns),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("batch 1")));
  }
  EXPECT_EQ(Series(), "");
  EXPECT_EQ(Durable(), 0);
}

TEST_F(MetricBatchWriterTest, SamplesThatCannotBeTakenCostOnlyThemselves) {
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, Write(std::string(kDefineTwo) + R"(
        series { ref: 3 labels { name: "job" value: "nameless" } }
        number: 1 refs: [1, 3, 4, 2] timestamps_ms: [0, 0, 0, 99999999] values: [1, 2, 3, 4])"));
  EXPECT_EQ(outcome.rejected, 3);
  EXPECT_THAT(outcome.message, HasSubstr("series ref 4 was not defined"));
  EXPECT_THAT(outcome.message, HasSubstr("in the future"));
  EXPECT_EQ(Series(), "sent_total{job=\"a\"} 0:1\n");
  EXPECT_EQ(Durable(), 1);
}

TEST_F(MetricBatchWriterTest, ARefCanBeDefinedAnew) {
  ASSERT_OK(Write(std::string(kDefineTwo) + "number: 1 refs: 1 timestamps_ms: 0 values: 1"));
  ASSERT_OK(Write(R"(series { ref: 1 labels { name: "__name__" value: "other" } }
                     number: 2 refs: 1 timestamps_ms: 1 values: 2)"));
  EXPECT_EQ(Series(), "other 1:2\nsent_total{job=\"a\"} 0:1\n");
}

TEST_F(MetricBatchWriterTest, AnEmptyBatchHasItsNumber) {
  ASSERT_OK(Write("number: 1"));
  EXPECT_EQ(Durable(), 1);
  ASSERT_OK(Write("number: 2 refs: 9 timestamps_ms: 0 values: 0"));
  EXPECT_EQ(Durable(), 2) << "although all of it was refused";
}

TEST_F(MetricBatchWriterTest, AFailureOfTheStoreIsTheBatchsAndTheBatchCanComeAgain) {
  const std::string one =
      std::string(kDefineTwo) + "number: 1 refs: [1, 2] timestamps_ms: [0, 0] values: [5, 6]";
  harness_.store().FailAt(storage::FaultStore::Operation::kWrite, 1,
                          absl::ResourceExhaustedError("disk full"));
  EXPECT_THAT(Write(one), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Durable(), 0);
  ASSERT_OK(Write(one));
  EXPECT_EQ(Series(), "sent_total{job=\"a\"} 0:5\ntemperature{job=\"b\"} 0:6\n");
}

class LogBatchWriterTest : public ::testing::Test {
 protected:
  absl::StatusOr<ExportOutcome> Write(const std::string& text) {
    return writer_.Write(FromText<v1::LogBatch>(WithInstants(text, 1)));
  }
  std::string Logs() { return LogsText(harness_.storage()); }

  StorageHarness harness_{3};
  LogBatchWriter writer_{&harness_.storage(), &harness_.clock(), kDefaultTenant, "l/0/client"};
};

TEST_F(LogBatchWriterTest, KeepsWhatAnEntrySays) {
  ASSERT_OK(Write(R"(number: 1
    streams { labels { name: "service_name" value: "shop" }
      entries { time_unix_nano: @5 severity_number: 17 severity_text: "ERROR" body: "no stock"
                attributes { name: "a" value: "b" } trace_id: "0123456789abcdef" span_id: "01234567" }
      entries { body: "now" severity_number: 25 trace_id: "odd" } }
    streams { labels { name: "service_name" value: "cart" } entries { time_unix_nano: @7 } }
    streams { labels { name: "service_name" value: "silent" } })"));
  EXPECT_EQ(Logs(),
            "{service_name=\"shop\"} 0 \"now\" []\n  resource[] scope \"\" \"\"[]\n"
            "{service_name=\"shop\"} 5 \"no stock\" [a=b] severity=17 severity_text=ERROR "
            "trace=30313233343536373839616263646566 span=3031323334353637\n"
            "  resource[] scope \"\" \"\"[]\n"
            "{service_name=\"cart\"} 7 \"\" []\n  resource[] scope \"\" \"\"[]\n");
}

TEST_F(LogBatchWriterTest, ABatchThatComesAgainIsStoredOnce) {
  const std::string one =
      R"(number: 1 streams { labels { name: "a" value: "b" } entries { body: "x" } })";
  ASSERT_OK(Write(one));
  harness_.clock().AdvanceMs(5);  // It has no time of its own, so it would be another record.
  ASSERT_OK(Write(one));
  EXPECT_EQ(Logs(), "{a=\"b\"} 0 \"x\" []\n  resource[] scope \"\" \"\"[]\n");
}

TEST_F(LogBatchWriterTest, EntriesOutOfTimeCostOnlyThemselves) {
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, Write(R"(number: 1
    streams { labels { name: "a" value: "b" }
      entries { time_unix_nano: 18446744073709551615 body: "far" } entries { body: "now" } })"));
  EXPECT_EQ(outcome.rejected, 1);
  EXPECT_THAT(outcome.message, HasSubstr("in the future"));
  EXPECT_THAT(Logs(), HasSubstr("now"));
}

}  // namespace
}  // namespace vigil::collector
