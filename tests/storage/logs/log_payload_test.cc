// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_payload.h"

#include <gtest/gtest.h>

#include "storage/logs/log_stream.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Canonical;
using vigil::testing::StatusIs;

LogStreamBatch Batch(uint64_t number, std::string_view name, uint64_t first_number,
                     std::vector<LogRecord> records) {
  const Labels labels({{"name", name}});
  return {
      .labels = labels,
      .records = std::move(records),
      .stream = std::make_shared<LogStream>(kDefaultTenant, number, StreamRow{.labels = labels}),
      .first_number = first_number};
}

TEST(LogPayloadTest, RoundTripsAndLeavesOutEmptyStreams) {
  testing::RecordSamples samples(1);
  LogBatch batch;
  batch.streams.push_back(Batch(4, "a", 10, {samples.NextLog(0, 9), samples.NextLog(0, 9)}));
  batch.streams.push_back(Batch(5, "empty", 1, {}));
  batch.streams.push_back(Batch(6, "b", 1, {samples.NextLog(0, 9)}));
  batch.streams[2].stream->Append(1, {samples.NextLog(0, 9)});  // So it is defined.
  std::string payload;
  AppendLogPayload(batch, &payload);
  ASSERT_OK_AND_ASSIGN(const std::vector<JournaledStream> decoded, DecodeLogPayload(payload));
  ASSERT_EQ(decoded.size(), 2u);
  EXPECT_EQ(decoded[0].stream, 4u);
  EXPECT_EQ(decoded[0].labels, batch.streams[0].labels);
  EXPECT_EQ(decoded[0].first_number, 10u);
  ASSERT_EQ(decoded[0].records.size(), 2u);
  EXPECT_EQ(Canonical(decoded[0].records[1]), Canonical(batch.streams[0].records[1]));
  EXPECT_EQ(decoded[1].labels, std::nullopt);
}

TEST(LogPayloadTest, RefusesStreamZeroAndOtherVersions) {
  LogBatch batch;
  batch.streams.push_back(Batch(0, "a", 1, {testing::PlainLog(1, "")}));
  std::string payload;
  AppendLogPayload(batch, &payload);
  EXPECT_THAT(DecodeLogPayload(payload), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeLogPayload(std::string("\x02\0\0", 3)), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_OK(DecodeLogPayload(std::string("\x01\0\0", 3)));
}

}  // namespace
}  // namespace vigil::storage
