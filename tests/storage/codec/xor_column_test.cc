// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/xor_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

struct XorForm {
  const char* name;
  void (*append)(std::span<const double>, std::string*);
  void (*read)(ByteReader*, std::string_view, std::span<double>);
};

class XorColumn : public ::testing::TestWithParam<XorForm> {
 protected:
  static std::string Encode(const std::vector<double>& values) {
    std::string bytes;
    GetParam().append(values, &bytes);
    return bytes;
  }
};

INSTANTIATE_TEST_SUITE_P(Forms, XorColumn,
                         ::testing::Values(XorForm{"Groups", AppendXorGroups, ReadXorGroups},
                                           XorForm{"Bytes", AppendXorBytes, ReadXorBytes}),
                         [](const auto& info) { return info.param.name; });

TEST_P(XorColumn, RoundTripsEveryShapeBitForBit) {
  for (const Shape<double>& shape : FloatShapes()) {
    // At the end of memory, and with other bytes behind.
    for (const std::string_view behind : {"", "sixteen bytes ..."}) {
      const std::string bytes = Encode(shape.values) + std::string(behind);
      ByteReader reader(bytes);
      std::vector<double> decoded(shape.values.size());
      GetParam().read(&reader, "xor", decoded);
      EXPECT_OK(reader.status()) << shape.name;
      EXPECT_EQ(Bits(decoded), Bits(shape.values)) << shape.name;
      EXPECT_EQ(reader.rest(), behind);
    }
  }
}

TEST_P(XorColumn, CommonZerosAtTheEndAreNotKept) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(double(static_cast<float>(i) / 7.0f));
  EXPECT_LE(Encode(values).size(), 1000u * 5);
}

TEST_P(XorColumn, HostileBytes) {
  for (const Shape<double>& shape : FloatShapes()) {
    SCOPED_TRACE(shape.name);
    std::vector<double> values(shape.values.size());
    DecodeHostile(Encode(shape.values),
                  [&](ByteReader* reader) { GetParam().read(reader, "xor", values); });
  }
}

TEST(XorBytes, ADifferenceOfNineBytesIsDataLoss) {
  ByteReader reader(std::string_view("\0\0\0\0\0\0\0\0\0\x09 123456789", 20));
  std::vector<double> values(2);
  ReadXorBytes(&reader, "xor", values);
  EXPECT_THAT(reader.status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("over 8 bytes")));
}

}  // namespace
}  // namespace vigil::storage
