// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/decimal_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "storage/model/sample.h"
#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

// Encodes and decodes; the exponent, or -1 when the values are no decimals.
int RoundTrip(const std::vector<double>& values) {
  const std::optional<DecimalColumn> column = EncodeDecimalColumn(values);
  if (!column.has_value()) return -1;
  ByteReader reader(column->bytes);
  std::vector<double> decoded(values.size());
  ReadDecimalColumn(&reader, "decimals", column->exponent, decoded.size(), 0, decoded);
  reader.ExpectEnd("decimals");
  EXPECT_OK(reader.status());
  EXPECT_EQ(Bits(decoded), Bits(values));
  return column->exponent;
}

TEST(DecimalColumn, FindsTheSmallestExponent) {
  EXPECT_EQ(RoundTrip({1, 2, 3e15, -7}), 0);
  EXPECT_EQ(RoundTrip({1, 2.5}), 1);
  EXPECT_EQ(RoundTrip({0.1, 0.25, 100.75}), 2);
  EXPECT_EQ(RoundTrip({1e-15, 3e-15}), 15);
}

TEST(DecimalColumn, KeepsWhatIsNoDecimalBesideTheIntegers) {
  EXPECT_EQ(RoundTrip({0.5, StaleNan(), 0.25}), 2);
  EXPECT_EQ(RoundTrip({-0.0, 1, 2, 3}), 0);
  EXPECT_EQ(RoundTrip({1, 2, std::sqrt(2), 4}), 0);
  EXPECT_EQ(RoundTrip({INFINITY, 1.5}), 1);
}

TEST(DecimalColumn, AValueTooLargeForTheCommonExponentIsKeptBeside) {
  EXPECT_EQ(RoundTrip({9e15, 0.001, 0.002, 0.003}), 3);
}

TEST(DecimalColumn, GivesUpOnTrueFloats) {
  std::vector<double> values;
  for (int i = 1; i <= 100; ++i) values.push_back(std::sqrt(i + 0.5));
  EXPECT_EQ(RoundTrip(values), -1);
}

TEST(DecimalColumn, LargeIntegersAreExactUpTo63Bits) {
  EXPECT_EQ(RoundTrip({0x1p62, 0x1p62 + 1024, -0x1p62, 0x1.fffffffffffffp62}), 0);
  EXPECT_EQ(RoundTrip({0x1p63, 1, 2, 3}), 0);  // The first one is an exception.
}

TEST(DecimalColumn, AnExceptionBeyondTheEndIsDataLoss) {
  DecimalColumn column = *EncodeDecimalColumn(std::vector<double>{1, 1, 1, StaleNan()});
  std::vector<double> decoded(3);
  ByteReader reader(column.bytes);
  ReadDecimalColumn(&reader, "decimals", 0, decoded.size(), 0, decoded);
  EXPECT_THAT(reader.status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("exception at 3 of 3")));
}

}  // namespace
}  // namespace vigil::storage
