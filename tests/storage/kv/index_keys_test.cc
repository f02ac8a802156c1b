// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/index_keys.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::vigil::testing::StatusIs;

constexpr TenantId kTenant{7};

template <typename Key>
void ExpectRoundTrip(const Key& key) {
  const std::string bytes = key.Encode();
  ASSERT_OK_AND_ASSIGN(const Key decoded, Key::Decode(bytes));
  EXPECT_TRUE(decoded == key);
  EXPECT_THAT(Key::Decode(bytes.substr(0, bytes.size() - 1)),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Key::Decode(bytes + "x"), StatusIs(absl::StatusCode::kDataLoss));
  std::string other_kind = bytes;
  other_kind[5] = '?';
  EXPECT_THAT(Key::Decode(other_kind), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(IndexKeysTest, RoundTrips) {
  ExpectRoundTrip(LabelsHashKey{kTenant, 2, 0x0123456789ABCDEF & kLabelsHashMask, 0x89ABCDEF});
  ExpectRoundTrip(NumbersKey{kTenant, 2, NumberKind::kBlocks, -5, 3});
  ExpectRoundTrip(NumbersKey{kTenant, 2, NumberKind::kRecent, INT64_MIN, 0xFFFF});
  ExpectRoundTrip(NumbersKey{kTenant, 2, NumberKind::kDead, 0, 0});
  ExpectRoundTrip(PostingKey{kTenant, 2, 9, std::string("na\0me", 5), std::string("\0", 1), 11});
  ExpectRoundTrip(PostingKey{kTenant, 2, 0xFFFF, "name", "", 1});
}

TEST(IndexKeysTest, GroupsHaveSixteenBits) {
  EXPECT_THAT(NumbersKey::Decode(NumbersKey{kTenant, 2, NumberKind::kBlocks, 0, 1 << 16}.Encode()),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(PostingKey::Decode(PostingKey{kTenant, 2, 1 << 16, "a", "b", 1}.Encode()),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(IndexKeysTest, PrefixesNarrowDown) {
  const std::string key = PostingKey{kTenant, 2, 9, "job", "api-1", 11}.Encode();
  EXPECT_TRUE(key.starts_with(PostingKey::GroupPrefix(kTenant, 2, 9)));
  EXPECT_TRUE(key.starts_with(PostingKey::NamePrefix(kTenant, 2, 9, "job")));
  EXPECT_FALSE(key.starts_with(PostingKey::NamePrefix(kTenant, 2, 9, "jo")));
  EXPECT_TRUE(key.starts_with(PostingKey::ValuesPrefix(kTenant, 2, 9, "job", "api")));
  EXPECT_TRUE(key.starts_with(PostingKey::ValuePrefix(kTenant, 2, 9, "job", "api-1")));
  EXPECT_FALSE(key.starts_with(PostingKey::ValuePrefix(kTenant, 2, 9, "job", "api")));
  const uint64_t hash = 0x0123456789ABCDEF;
  const std::string by_hash = LabelsHashKey{kTenant, 2, hash, 3}.Encode();
  EXPECT_TRUE(by_hash.starts_with(LabelsHashKey::Prefix(kTenant, 2, hash)));
  EXPECT_FALSE(by_hash.starts_with(LabelsHashKey::Prefix(kTenant, 2, hash + (1 << 24))));
  EXPECT_TRUE(by_hash.starts_with(LabelsHashKey::Prefix(kTenant, 2)));
  const std::string numbers = NumbersKey{kTenant, 2, NumberKind::kRecent, 60, 1}.Encode();
  EXPECT_TRUE(numbers.starts_with(NumbersKey::Prefix(kTenant, 2, NumberKind::kRecent)));
  EXPECT_TRUE(numbers.starts_with(NumbersKey::Prefix(kTenant, 2, NumberKind::kRecent, 60)));
}

}  // namespace
}  // namespace vigil::storage
