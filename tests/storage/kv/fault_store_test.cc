// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/fault_store.h"

#include <gtest/gtest.h>

#include "tests/storage/kv/kv_conformance.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::StatusIs;
using Operation = FaultStore::Operation;

INSTANTIATE_TEST_SUITE_P(
    Fault, KvConformanceTest,
    ::testing::Values(KvCase{
        .name = "Store",
        .open = [](const std::string&) -> absl::StatusOr<std::unique_ptr<KeyValueStore>> {
          return FaultStore::Wrap(std::make_unique<MemoryStore>());
        }}),
    KvCaseName);

class FaultStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(store_, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  }
  absl::Status Put(const std::string& key, const std::string& value, Durability durability) {
    WriteBatch batch;
    batch.Put(Family::kState, key, value);
    return store_->Write(batch, durability);
  }
  std::string AfterKill() { return DumpOf(store_->AfterKill()); }
  std::string AfterPowerLoss() { return DumpOf(store_->AfterPowerLoss()); }

  std::unique_ptr<FaultStore> store_;

 private:
  static std::string DumpOf(absl::StatusOr<std::unique_ptr<KeyValueStore>> store) {
    EXPECT_OK(store);
    return Dump(**store, Family::kState);
  }
};

TEST_F(FaultStoreTest, FailsTheNthWriteAndNothingElse) {
  store_->FailAt(Operation::kWrite, 2, absl::ResourceExhaustedError("full"));
  EXPECT_OK(Put("a", "1", Durability::kSync));
  EXPECT_THAT(Put("b", "1", Durability::kSync), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_OK(Put("c", "1", Durability::kSync));
  EXPECT_EQ(Dump(*store_, Family::kState), "a=1 c=1");
}

TEST_F(FaultStoreTest, FailsUntilCleared) {
  store_->FailAt(Operation::kWrite, 1, absl::UnavailableError("gone"), 1000);
  EXPECT_FALSE(Put("a", "1", Durability::kNoSync).ok());
  EXPECT_FALSE(store_->Ingest(Family::kState, {{"a", "1"}}, TableEffort::kQuick).ok());
  EXPECT_FALSE(store_->DropRange(Family::kState, "a", "b").ok());
  store_->ClearFaults();
  EXPECT_OK(Put("a", "1", Durability::kNoSync));
}

TEST_F(FaultStoreTest, FailsReads) {
  store_->FailAt(Operation::kGet, 1, absl::DataLossError("checksum"));
  EXPECT_THAT(store_->Get(Family::kState, "a"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_OK(store_->Get(Family::kState, "a"));
}

TEST_F(FaultStoreTest, PowerLossTakesWhatNoSyncFollowed) {
  ASSERT_OK(Put("a", "1", Durability::kNoSync));
  ASSERT_OK(Put("b", "1", Durability::kSync));
  ASSERT_OK(Put("c", "1", Durability::kNoSync));
  EXPECT_EQ(AfterKill(), "a=1 b=1 c=1");
  EXPECT_EQ(AfterPowerLoss(), "a=1 b=1");
  ASSERT_OK(store_->SyncLog());
  EXPECT_EQ(AfterPowerLoss(), "a=1 b=1 c=1");
}

TEST_F(FaultStoreTest, WriteWhoseSyncFailedIsThereUntilPowerIsLost) {
  store_->FailAt(Operation::kSync, 1, absl::UnavailableError("no sync"));
  EXPECT_FALSE(Put("a", "1", Durability::kSync).ok());
  EXPECT_EQ(AfterKill(), "a=1");
  EXPECT_EQ(AfterPowerLoss(), "");
}

TEST_F(FaultStoreTest, DropIsLostWithPowerAndIngestIsNot) {
  ASSERT_OK(Put("a", "1", Durability::kSync));
  ASSERT_OK(Put("b", "1", Durability::kNoSync));
  ASSERT_OK(store_->Ingest(Family::kState, {{"b", "2"}}, TableEffort::kQuick));
  ASSERT_OK(store_->DropRange(Family::kState, "a", "b"));
  EXPECT_EQ(AfterKill(), "b=2");
  EXPECT_EQ(AfterPowerLoss(), "a=1 b=2");
  ASSERT_OK(store_->SyncLog());
  EXPECT_EQ(AfterPowerLoss(), "b=2");
}

TEST_F(FaultStoreTest, CorruptsOneByteForGood) {
  ASSERT_OK(Put("a", "xyz", Durability::kSync));
  ASSERT_OK(store_->CorruptValue(Family::kState, "a", 1));
  EXPECT_EQ(AfterPowerLoss(), "a=x\x86z");
  EXPECT_THAT(store_->CorruptValue(Family::kState, "b", 0), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->CorruptValue(Family::kState, "a", 3),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(FaultStoreTest, WhatItWrapsCountsAsDurable) {
  auto inner = std::make_unique<MemoryStore>();
  WriteBatch batch;
  batch.Put(Family::kState, "a", "1");
  ASSERT_OK(inner->Write(batch, Durability::kNoSync));
  ASSERT_OK_AND_ASSIGN(store_, FaultStore::Wrap(std::move(inner)));
  EXPECT_EQ(AfterPowerLoss(), "a=1");
}

}  // namespace
}  // namespace vigil::storage
