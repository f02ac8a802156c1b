// SPDX-License-Identifier: Apache-2.0
#include "base/wire_writer.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/strings.h"

namespace vigil {
namespace {

template <typename Write>
std::string Hex(const Write& write) {
  std::string bytes;
  WireWriter wire(&bytes);
  write(wire);
  return ToHex(bytes);
}

TEST(WireWriterTest, Fields) {
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.Varint(1, 150); }), "089601");
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.Varint(16, 0); }), "800100");
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.Varint(1, static_cast<uint64_t>(int64_t{-1})); }),
            "08ffffffffffffffffff01");
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.ZigZag(1, -2); }), "0803");
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.ZigZag(1, std::numeric_limits<int64_t>::min()); }),
            "08ffffffffffffffffff01");
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.Double(2, 1); }), "11000000000000f03f");
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.Bytes(2, "testing"); }), "120774657374696e67");
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.PackedDoubles(4, {1}); }), "2208000000000000f03f");
  EXPECT_EQ(Hex([](WireWriter& wire) { wire.PackedDoubles(4, {}); }), "");
}

TEST(WireWriterTest, MessagesOfAnyLength) {
  EXPECT_EQ(Hex([](WireWriter& wire) {
              wire.Message(3, [&] { wire.Varint(1, 150); });
              wire.Message(1, [] {});
            }),
            "1a030896010a00");
  for (const size_t size : {127, 128, 20'000}) {
    const std::string text(size, 'x');
    std::string nested;
    WireWriter wire(&nested);
    wire.Message(1, [&] { wire.Bytes(2, text); });
    std::string inner;
    WireWriter(&inner).Bytes(2, text);
    std::string expected;
    WireWriter(&expected).Bytes(1, inner);
    EXPECT_EQ(nested, expected) << size;
  }
}

}  // namespace
}  // namespace vigil
