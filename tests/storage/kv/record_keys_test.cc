// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/record_keys.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "storage/kv/keys.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::StatusIs;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TraceId TraceOf(uint8_t last) {
  TraceId id;
  id.bytes.back() = last;
  return id;
}

// Ascending values of each kind, the edges among them.
template <typename Key>
std::vector<Key> Samples();

template <>
std::vector<JournalKey> Samples() {
  return {{0, 0}, {0, 1}, {0, 256}, {0, ~uint64_t{0}}, {1, 0}, {255, 1}};
}
template <>
std::vector<SeriesKey> Samples() {
  return {
      {TenantId{0}, 0, 1}, {TenantId{0}, 0, 1000}, {TenantId{0}, 255, 1}, {TenantId{~0u}, 0, 0}};
}
template <>
std::vector<MetadataKey> Samples() {
  return {
      {TenantId{0}, 0, ""}, {TenantId{0}, 0, "a"}, {TenantId{0}, 0, "ab"}, {TenantId{1}, 0, ""}};
}
template <>
std::vector<BlockKey> Samples() {
  return {{TenantId{0}, 0, kMin, 0, 0, 0, 0},       {TenantId{0}, 0, -1, 5, 9, -1, 1},
          {TenantId{0}, 0, 0, 5, 9, -1, 1},         {TenantId{0}, 0, 0, 5, 9, 0, 0},
          {TenantId{0}, 0, 0, 5, 9, 0, 1},          {TenantId{0}, 0, 0, 5, 10, kMin, 0},
          {TenantId{0}, 0, 0, 0xFFFFFFFE, 1, 0, 0}, {TenantId{0}, 1, kMax, 0, 0, 0, 0}};
}
template <>
std::vector<TimestampColumnKey> Samples() {
  return {{TenantId{0}, 0, -5, 1}, {TenantId{0}, 0, 5, 0}, {TenantId{0}, 0, 5, 1}};
}
template <>
std::vector<LogStreamKey> Samples() {
  return {{TenantId{0}, 0, 1}, {TenantId{0}, 0, 2}, {TenantId{0}, 1, 1}, {TenantId{3}, 0, 0}};
}
template <>
std::vector<LogBlockKey> Samples() {
  return {{TenantId{0}, 0, kMin, 1, 0, 0}, {TenantId{0}, 0, 0, 1, -1, 7},
          {TenantId{0}, 0, 0, 1, 0, 6},    {TenantId{0}, 0, 0, 1, 0, 7},
          {TenantId{0}, 0, 0, 2, kMin, 0}, {TenantId{0}, 3, kMax, 1, 1, 1}};
}
template <>
std::vector<SpanBlockKey> Samples() {
  return {{TenantId{0}, 0, -1, 9}, {TenantId{0}, 0, 0, 1}, {TenantId{0}, 0, 0, 2}};
}
template <>
std::vector<TraceIndexKey> Samples() {
  return {{TenantId{0}, TraceOf(1), 0, 1},
          {TenantId{0}, TraceOf(1), 0, 2},
          {TenantId{0}, TraceOf(1), 1, 0},
          {TenantId{0}, TraceOf(2), kMin, 0},
          {TenantId{1}, TraceOf(0), 0, 0}};
}

template <typename Key>
class RecordKeyTest : public ::testing::Test {};

using AllKeys = ::testing::Types<JournalKey, SeriesKey, MetadataKey, BlockKey, TimestampColumnKey,
                                 LogStreamKey, LogBlockKey, SpanBlockKey, TraceIndexKey>;
TYPED_TEST_SUITE(RecordKeyTest, AllKeys);

TYPED_TEST(RecordKeyTest, DecodesWhatItEncodes) {
  for (const TypeParam& key : Samples<TypeParam>()) {
    ASSERT_OK_AND_ASSIGN(const TypeParam decoded, TypeParam::Decode(key.Encode()));
    EXPECT_TRUE(decoded == key) << ToHex(key.Encode());
  }
}

TYPED_TEST(RecordKeyTest, SortsAsItCompares) {
  const std::vector<TypeParam> samples = Samples<TypeParam>();
  for (size_t i = 1; i < samples.size(); ++i) {
    ASSERT_TRUE(samples[i - 1] < samples[i]) << i;
    EXPECT_LT(samples[i - 1].Encode(), samples[i].Encode()) << i;
  }
}

TYPED_TEST(RecordKeyTest, OtherLengthsAreDataLoss) {
  const std::string key = Samples<TypeParam>().front().Encode();
  for (size_t length = 0; length < key.size(); ++length) {
    EXPECT_THAT(TypeParam::Decode(key.substr(0, length)), StatusIs(absl::StatusCode::kDataLoss))
        << length;
  }
  if constexpr (!std::is_same_v<TypeParam, MetadataKey>) {
    EXPECT_THAT(TypeParam::Decode(key + "x"), StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(RecordKeysTest, KindsOfOneFamilyAreToldApart) {
  const std::string series = SeriesKey{.number = 1}.Encode();
  const std::string block = LogBlockKey{}.Encode();
  const std::string column = TimestampColumnKey{.column = 1}.Encode();
  EXPECT_THAT(MetadataKey::Decode(series), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(SeriesKey::Decode(MetadataKey{.metric_name = "12345678"}.Encode()),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(LogStreamKey::Decode(block), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(BlockKey::Decode(column), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(BlockKey::Decode(BlockKey{.metric = kTimestampColumns}.Encode()),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RecordKeysTest, PrefixesNestAndColumnsSortBehindBlocks) {
  const BlockKey key = {TenantId{1}, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(ToHex(key.Encode()),
            "00000001"
            "02"
            "8000000000000003"
            "00000004"
            "0000000000000005"
            "8000000000000006"
            "0000000000000007");
  const std::vector<std::string> prefixes = {ShardPrefix(key.tenant, key.shard),
                                             PartitionPrefix(key.tenant, key.shard, 3),
                                             key.MetricPrefix(), key.SeriesPrefix(), key.Encode()};
  for (size_t i = 1; i < prefixes.size(); ++i) {
    EXPECT_TRUE(prefixes[i].starts_with(prefixes[i - 1])) << i;
  }
  const TimestampColumnKey column = {TenantId{1}, 2, 3, 0};
  EXPECT_TRUE(column.Encode().starts_with(PartitionPrefix(key.tenant, key.shard, 3)));
  const BlockKey last = {TenantId{1},  2,    3,           kTimestampColumns - 1,
                         ~uint64_t{0}, kMax, ~uint64_t{0}};
  EXPECT_LT(last.Encode(), column.Encode());
}

}  // namespace
}  // namespace vigil::storage
