// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/exemplar_rows.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "storage/model/sample.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using vigil::testing::StatusIs;

constexpr uint8_t kShard = 2;
constexpr int64_t kDay = 100;
constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
const Partitioning kDays(kDay);

Exemplar At(int64_t time_ms) { return {time_ms, 0.5, {{"trace_id", "ab"}}}; }

TEST(ExemplarRowsTest, RoundTrip) {
  const std::vector<Exemplar> exemplars = {{std::numeric_limits<int64_t>::min(), -0.0, {}},
                                           {-1, StaleNan(), {{"a", "1"}, {"b", "2"}}},
                                           {kForever, 1e300, {{"trace_id", "ab"}}}};
  ASSERT_OK_AND_ASSIGN(const std::vector<Exemplar> decoded,
                       DecodeExemplars(EncodeExemplars(exemplars)));
  EXPECT_THAT(decoded, ElementsAreArray(exemplars));
  ASSERT_OK_AND_ASSIGN(const std::vector<Exemplar> none, DecodeExemplars(EncodeExemplars({})));
  EXPECT_THAT(none, IsEmpty());
}

TEST(ExemplarRowsTest, DamageIsSeen) {
  const std::string row = EncodeExemplars(std::vector<Exemplar>{At(1), At(2)});
  for (size_t size = 0; size < row.size(); ++size) {
    EXPECT_THAT(DecodeExemplars(row.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (size_t i = 0; i < row.size(); ++i) {
    std::string damaged = row;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_THAT(DecodeExemplars(damaged), StatusIs(absl::StatusCode::kDataLoss)) << i;
  }
}

// A store with rows of two flushes.
class StoredExemplarsTest : public ::testing::Test {
 protected:
  StoredExemplarsTest() : store_(std::make_unique<MemoryStore>()) {}

  void Put(uint32_t metric, uint64_t series, uint64_t sequence, std::vector<Exemplar> exemplars,
           int64_t expired_before_ms = 0) {
    WriteBatch batch;
    WriteExemplars({kDefaultTenant, kShard, 0, metric, series, sequence}, exemplars, kDays,
                   expired_before_ms, &batch);
    ASSERT_OK(store_->Write(batch, Durability::kSync));
  }

  std::vector<int64_t> Times(uint32_t metric, uint32_t number, TimeRange range) {
    std::vector<Exemplar> found;
    EXPECT_OK(ReadExemplars(store_.get(), kDefaultTenant, kShard, range, kDays,
                            {{metric, number, &found}}));
    std::vector<int64_t> times;
    for (const Exemplar& exemplar : found) times.push_back(exemplar.time_ms);
    return times;
  }

  std::unique_ptr<KeyValueStore> store_;
};

TEST_F(StoredExemplarsTest, AreCutIntoPartitions) {
  Put(7, 1, 1, {At(1), At(99), At(100), At(250)});
  EXPECT_THAT(Times(7, 1, {0, kForever}), ElementsAre(1, 99, 100, 250));
  EXPECT_THAT(Times(7, 1, {120, 130}), ElementsAre(100)) << "partitions are read whole";
  EXPECT_THAT(Times(7, 1, {300, kForever}), IsEmpty());
  Put(7, 2, 1, {At(1), At(150), At(250)}, 200);
  EXPECT_THAT(Times(7, 2, {0, kForever}), ElementsAre(250)) << "what has expired is not written";
}

TEST_F(StoredExemplarsTest, AreFoundAmongOthers) {
  for (uint32_t metric = 5; metric < 9; ++metric) {
    for (uint64_t series = 1; series < 6; ++series) {
      Put(metric, series, 1, {At(metric * 10 + static_cast<int64_t>(series)), At(110)});
      Put(metric, series, 2, {At(0)});
    }
  }
  EXPECT_THAT(Times(7, 3, {0, kForever}), ElementsAre(73, 0, 110));
  EXPECT_THAT(Times(7, 9, {0, kForever}), IsEmpty());
  EXPECT_THAT(Times(10, 1, {0, kForever}), IsEmpty());
  std::vector<Exemplar> one;
  std::vector<Exemplar> two;
  ASSERT_OK(ReadExemplars(store_.get(), kDefaultTenant, kShard, {0, 99}, kDays,
                          {{8, 1, &two}, {5, 5, &one}}));
  EXPECT_THAT(one, ElementsAre(At(55), At(0)));
  EXPECT_THAT(two, ElementsAre(At(81), At(0)));
}

TEST_F(StoredExemplarsTest, DamagedRowsAreSkipped) {
  Put(7, 1, 1, {At(1)});
  Put(7, 1, 3, {At(3)});
  WriteBatch batch;
  batch.Put(Family::kExemplars, ExemplarKey{kDefaultTenant, kShard, 0, 7, 1, 2}.Encode(), "bad");
  batch.Put(Family::kExemplars,
            ExemplarKey{kDefaultTenant, kShard, 0, 7, 1, 2}.Encode() + "too long", "bad");
  ASSERT_OK(store_->Write(batch, Durability::kSync));
  EXPECT_THAT(Times(7, 1, {0, kForever}), ElementsAre(1, 3));
}

}  // namespace
}  // namespace vigil::storage
