// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_payload.h"

#include <gtest/gtest.h>

#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Canonical;
using vigil::testing::StatusIs;

TEST(SpanPayloadTest, RoundTrips) {
  testing::RecordSamples samples(1);
  std::vector<Span> spans;
  for (int i = 0; i < 100; ++i) spans.push_back(samples.NextSpan(-9, 9));
  std::string payload;
  AppendSpanPayload(spans, &payload);
  ASSERT_OK_AND_ASSIGN(const std::vector<Span> decoded, DecodeSpanPayload(payload));
  ASSERT_EQ(decoded.size(), spans.size());
  for (size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(Canonical(decoded[i]), Canonical(spans[i])) << i;
  }
}

TEST(SpanPayloadTest, RefusesOtherVersionsAndBytesBehind) {
  EXPECT_OK(DecodeSpanPayload(std::string("\x01\0\0", 3)));
  EXPECT_THAT(DecodeSpanPayload(std::string("\x02\0\0", 3)), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeSpanPayload(std::string("\x01\0\0x", 4)),
              StatusIs(absl::StatusCode::kDataLoss));
  // More spans than there are bytes.
  EXPECT_THAT(DecodeSpanPayload(std::string("\x01\0\x7f", 3)),
              StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
