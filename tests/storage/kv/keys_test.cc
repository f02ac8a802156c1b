// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/keys.h"

#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

TEST(KeyWriterTest, BytesAreThoseOfTheFormat) {
  const std::string key = KeyWriter()
                              .AppendU8(0x01)
                              .AppendU32(0x02030405)
                              .AppendU64(0x060708090A0B0C0D)
                              .AppendI64(-1)
                              .AppendI64(0)
                              .AppendTerminated(std::string_view("a\0b", 3))
                              .AppendBytes("tail")
                              .Take();
  EXPECT_EQ(ToHex(key),
            "01"
            "02030405"
            "060708090a0b0c0d"
            "7fffffffffffffff"
            "8000000000000000"
            "6100ff620001"
            "7461696c");
}

TEST(KeyReaderTest, ReadsBackWhatWasWritten) {
  const std::string text("x\0\x01\xFFy", 5);
  const std::string key = KeyWriter()
                              .AppendU8(200)
                              .AppendTenant(TenantId{7})
                              .AppendU64(~uint64_t{0})
                              .AppendI64(std::numeric_limits<int64_t>::min())
                              .AppendTerminated(text)
                              .AppendTerminated("")
                              .AppendBytes("rest")
                              .Take();
  KeyReader reader(key);
  EXPECT_EQ(reader.ReadU8(), 200);
  EXPECT_EQ(reader.ReadTenant(), TenantId{7});
  EXPECT_EQ(reader.ReadU64(), ~uint64_t{0});
  EXPECT_EQ(reader.ReadI64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(reader.ReadTerminated(), text);
  EXPECT_EQ(reader.ReadTerminated(), "");
  EXPECT_EQ(reader.ReadRest(), "rest");
  EXPECT_OK(reader.Finish("key"));
}

TEST(KeyWriterTest, SignedNumbersSortAsNumbers) {
  const std::vector<int64_t> ascending = {
      std::numeric_limits<int64_t>::min(), -1000, -1, 0, 1, std::numeric_limits<int64_t>::max() - 1,
      std::numeric_limits<int64_t>::max()};
  for (size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(KeyWriter().AppendI64(ascending[i - 1]).Take(),
              KeyWriter().AppendI64(ascending[i]).Take());
  }
}

// Terminated fields with another field behind them sort as the pairs do, whatever bytes they hold.
TEST(KeyWriterTest, TerminatedFieldsSortAsTheirPairs) {
  std::mt19937 random(3);
  const std::string alphabet("\0\x01\xFE\xFFz", 5);
  const auto text = [&] {
    std::string result;
    for (size_t length = random() % 4; length > 0; --length) {
      result.push_back(alphabet[random() % alphabet.size()]);
    }
    return result;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::pair<std::string, std::string> a = {text(), text()}, b = {text(), text()};
    const auto encode = [](const std::pair<std::string, std::string>& pair) {
      return KeyWriter().AppendTerminated(pair.first).AppendBytes(pair.second).Take();
    };
    ASSERT_EQ(a < b, encode(a) < encode(b)) << ToHex(encode(a)) << " " << ToHex(encode(b));
  }
}

TEST(KeyReaderTest, ShortKeyIsDataLossThatNamesIt) {
  KeyReader reader("\x01\x02\x03");
  EXPECT_EQ(reader.ReadU32(), 0u);
  EXPECT_EQ(reader.ReadI64(), 0);
  EXPECT_EQ(reader.ReadRest(), "");
  EXPECT_THAT(reader.Finish("block key"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("block key is too short")));
  EXPECT_THAT(reader.Finish("block key"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("0102")));
}

TEST(KeyReaderTest, LongKeyIsDataLoss) {
  KeyReader reader("\x01\x02");
  EXPECT_EQ(reader.ReadU8(), 1);
  EXPECT_THAT(reader.Finish("key"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("too long")));
}

TEST(KeyReaderTest, BrokenEscapesAreDataLoss) {
  for (const std::string_view broken :
       {std::string_view("ab"), std::string_view("a\0", 2), std::string_view("a\0\x02", 3),
        std::string_view("a\0\xFF", 3), std::string_view()}) {
    KeyReader reader(broken);
    reader.ReadTerminated();
    EXPECT_THAT(reader.Finish("key"), StatusIs(absl::StatusCode::kDataLoss)) << ToHex(broken);
  }
}

// Data on disk depends on these.
TEST(MetricHashTest, IsTheLowHalfOfXxh3) {
  EXPECT_EQ(MetricHash(""), 0x38d394c2);
  EXPECT_EQ(MetricHash("up"), 0x3252f164);
}

TEST(PrefixRangeTest, HoldsWhatBeginsWithThePrefix) {
  const KeyRange range = PrefixRange(PartitionPrefix(TenantId{1}, 2, -1));
  EXPECT_EQ(ToHex(range.lower), "00000001027fffffffffffffff");
  EXPECT_EQ(ToHex(range.upper), "000000010280");
}

}  // namespace
}  // namespace vigil::storage
