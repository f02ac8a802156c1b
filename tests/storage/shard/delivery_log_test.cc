// SPDX-License-Identifier: Apache-2.0
#include "storage/shard/delivery_log.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::DigestToken;
using testing::NumberToken;
using vigil::testing::StatusIs;

constexpr TenantId kTenant{7};
constexpr TenantId kOther{8};

class DeliveryLogTest : public ::testing::Test {
 protected:
  // Stores a batch as a shard does; false if it was stored before.
  bool Store(const BatchToken& token, int64_t now_ms = 0) {
    if (!log_->Begin(kTenant, token)) return false;
    log_->End(kTenant, token, true, now_ms);
    return true;
  }

  // Writes the rows as a flush does and begins anew with what they tell.
  void FlushAndRestart() {
    log_->Seal();
    WriteBatch batch;
    log_->AddSealed(&batch);
    ASSERT_OK(store_.Write(batch, Durability::kSync));
    log_ = std::make_unique<DeliveryLog>(2, &store_);
    ASSERT_OK(log_->Load());
  }

  MemoryStore store_;
  std::unique_ptr<DeliveryLog> log_ = std::make_unique<DeliveryLog>(2, &store_);
};

TEST_F(DeliveryLogTest, BatchesWithoutTokenAreAlwaysNew) {
  EXPECT_TRUE(Store({}));
  EXPECT_TRUE(Store({}));
  EXPECT_TRUE(log_->Record(kTenant, {}, 0));
  EXPECT_TRUE(log_->Record(kTenant, {}, 0));
}

TEST_F(DeliveryLogTest, NumbersOfASourceRise) {
  EXPECT_EQ(log_->LastNumber(kTenant, "a"), 0);
  EXPECT_TRUE(Store(NumberToken("a", 3)));
  EXPECT_FALSE(Store(NumberToken("a", 3)));
  EXPECT_FALSE(Store(NumberToken("a", 2)));
  EXPECT_TRUE(Store(NumberToken("b", 1)));
  EXPECT_TRUE(Store(NumberToken("a", 4)));
  EXPECT_EQ(log_->LastNumber(kTenant, "a"), 4);
  EXPECT_EQ(log_->LastNumber(kTenant, "b"), 1);
  EXPECT_EQ(log_->LastNumber(kOther, "a"), 0);
}

TEST_F(DeliveryLogTest, WhatFailedMayComeAgain) {
  for (const BatchToken& token : {NumberToken("a", 1), DigestToken(1)}) {
    ASSERT_TRUE(log_->Begin(kTenant, token));
    log_->End(kTenant, token, false, 0);
    EXPECT_TRUE(Store(token));
    EXPECT_FALSE(Store(token));
  }
  EXPECT_EQ(log_->LastNumber(kTenant, "a"), 1);
}

TEST_F(DeliveryLogTest, RecordingIsIdempotent) {
  EXPECT_TRUE(log_->Record(kTenant, NumberToken("a", 2), 0));
  EXPECT_FALSE(log_->Record(kTenant, NumberToken("a", 2), 0));
  EXPECT_FALSE(log_->Record(kTenant, NumberToken("a", 1), 0));
  EXPECT_TRUE(log_->Record(kTenant, DigestToken(1), 0));
  EXPECT_FALSE(log_->Record(kTenant, DigestToken(1), 0));
  EXPECT_TRUE(log_->Record(kOther, DigestToken(1), 0));
  EXPECT_FALSE(Store(DigestToken(1)));
}

TEST_F(DeliveryLogTest, SurvivesFlushes) {
  EXPECT_TRUE(Store(NumberToken("a", 5)));
  EXPECT_TRUE(Store(DigestToken(1), 1000));
  ASSERT_NO_FATAL_FAILURE(FlushAndRestart());
  EXPECT_EQ(log_->LastNumber(kTenant, "a"), 5);
  EXPECT_FALSE(Store(DigestToken(1)));
  // Nothing new to write of source a; it stays all the same.
  EXPECT_TRUE(Store(NumberToken("b", 1)));
  ASSERT_NO_FATAL_FAILURE(FlushAndRestart());
  EXPECT_EQ(log_->LastNumber(kTenant, "a"), 5);
  EXPECT_EQ(log_->LastNumber(kTenant, "b"), 1);
  EXPECT_FALSE(Store(DigestToken(1)));
}

TEST_F(DeliveryLogTest, TheSealedRowsTellOfTheMomentOfTheSeal) {
  EXPECT_TRUE(Store(NumberToken("a", 1)));
  log_->Seal();
  EXPECT_TRUE(Store(NumberToken("a", 2)));
  EXPECT_TRUE(Store(DigestToken(1)));
  WriteBatch batch;
  log_->AddSealed(&batch);
  ASSERT_OK(store_.Write(batch, Durability::kSync));
  DeliveryLog restarted(2, &store_);
  ASSERT_OK(restarted.Load());
  EXPECT_EQ(restarted.LastNumber(kTenant, "a"), 1) << "entry 2 is still in the journal";
  EXPECT_TRUE(restarted.Begin(kTenant, DigestToken(1)));
  // What came after the seal is in the next one.
  ASSERT_NO_FATAL_FAILURE(FlushAndRestart());
  EXPECT_EQ(log_->LastNumber(kTenant, "a"), 2);
  EXPECT_FALSE(Store(DigestToken(1)));
}

TEST_F(DeliveryLogTest, ShardsKeepApart) {
  EXPECT_TRUE(Store(NumberToken("a", 5)));
  ASSERT_NO_FATAL_FAILURE(FlushAndRestart());
  for (const uint32_t shard : {0u, 1u, 20u, 21u}) {
    DeliveryLog other(shard, &store_);
    ASSERT_OK(other.Load());
    EXPECT_EQ(other.LastNumber(kTenant, "a"), 0) << shard;
  }
}

TEST_F(DeliveryLogTest, DigestsAreForgottenByAge) {
  constexpr int64_t kLife = DeliveryLog::kDigestLifetimeMs;
  EXPECT_TRUE(Store(DigestToken(1), 1000));
  EXPECT_TRUE(Store(DigestToken(2), 1000 + kLife));
  EXPECT_FALSE(Store(DigestToken(1), 1000 + kLife)) << "just not too old";
  ASSERT_NO_FATAL_FAILURE(FlushAndRestart());
  EXPECT_TRUE(Store(DigestToken(3), 1001 + kLife));
  EXPECT_TRUE(Store(DigestToken(1), 1001 + kLife));
  EXPECT_FALSE(Store(DigestToken(2), 1001 + kLife));
}

TEST_F(DeliveryLogTest, DigestsAreForgottenByNumber) {
  const int count = static_cast<int>(DeliveryLog::kMaxDigests);
  for (int i = 0; i <= count; ++i) ASSERT_TRUE(Store(DigestToken(i)));
  EXPECT_FALSE(Store(DigestToken(1)));
  EXPECT_TRUE(log_->Begin(kTenant, DigestToken(0)));
  log_->End(kTenant, DigestToken(0), false, 0);
  ASSERT_NO_FATAL_FAILURE(FlushAndRestart());
  EXPECT_FALSE(Store(DigestToken(1)));
  EXPECT_FALSE(Store(DigestToken(count)));
}

TEST_F(DeliveryLogTest, SourcesMayHaveAnyBytes) {
  const std::string odd("/\0\xff\xff", 4);
  EXPECT_TRUE(Store(NumberToken(odd, 9)));
  EXPECT_TRUE(Store(NumberToken("", 8)));
  ASSERT_NO_FATAL_FAILURE(FlushAndRestart());
  EXPECT_EQ(log_->LastNumber(kTenant, odd), 9);
  EXPECT_EQ(log_->LastNumber(kTenant, ""), 8);
}

TEST_F(DeliveryLogTest, DamagedRowsAreDataLoss) {
  EXPECT_TRUE(Store(NumberToken("a", 5)));
  EXPECT_TRUE(Store(DigestToken(1)));
  ASSERT_NO_FATAL_FAILURE(FlushAndRestart());
  std::vector<std::pair<std::string, std::string>> rows;
  ASSERT_OK(ForEach(store_, Family::kState, {}, [&](std::string_view key, std::string_view value) {
    rows.emplace_back(key, value);
    return absl::OkStatus();
  }));
  ASSERT_EQ(rows.size(), 2);
  for (const auto& [key, value] : rows) {
    for (const std::string& damaged :
         {value.substr(0, value.size() - 1), value + "x", std::string("\xff\xff\xff\xff", 4)}) {
      WriteBatch batch;
      batch.Put(Family::kState, key, damaged);
      ASSERT_OK(store_.Write(batch, Durability::kSync));
      DeliveryLog log(2, &store_);
      EXPECT_THAT(log.Load(), StatusIs(absl::StatusCode::kDataLoss));
    }
    WriteBatch repaired;
    repaired.Put(Family::kState, key, value);
    ASSERT_OK(store_.Write(repaired, Durability::kSync));
  }
}

TEST_F(DeliveryLogTest, OneThreadAtATimeStoresAToken) {
  for (const bool digest : {true, false}) {
    std::atomic<int> storing = 0;
    std::atomic<int> stored = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const BatchToken token = digest ? DigestToken(1) : NumberToken("s", 1);
        if (!log_->Begin(kTenant, token)) return;
        EXPECT_EQ(++storing, 1);
        const bool succeeds = i % 2 == 0;
        stored += succeeds;
        --storing;
        log_->End(kTenant, token, succeeds, 0);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(stored, 1);
  }
}

}  // namespace
}  // namespace vigil::storage
