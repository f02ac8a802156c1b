// SPDX-License-Identifier: Apache-2.0
#include "storage/tenants.h"

#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/kv/fault_store.h"
#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

TEST(TenantsTest, NumbersAreGivenOnceAndKept) {
  MemoryStore store;
  Tenants tenants(&store);
  ASSERT_OK(tenants.Load());
  EXPECT_EQ(*tenants.IdOf(""), kDefaultTenant);
  EXPECT_EQ(*tenants.IdOf("a"), TenantId{1});
  EXPECT_EQ(*tenants.IdOf("b"), TenantId{2});
  EXPECT_EQ(*tenants.IdOf("a"), TenantId{1});

  Tenants after_restart(&store);
  ASSERT_OK(after_restart.Load());
  EXPECT_EQ(*after_restart.IdOf("b"), TenantId{2});
  EXPECT_EQ(*after_restart.IdOf("c"), TenantId{3});
  EXPECT_EQ(*after_restart.IdOf(""), kDefaultTenant);
}

TEST(TenantsTest, AskingMakesNone) {
  MemoryStore store;
  Tenants tenants(&store);
  ASSERT_OK(tenants.Load());
  EXPECT_EQ(*tenants.Find(""), kDefaultTenant);
  EXPECT_EQ(*tenants.Find("a"), kUnknownTenant);
  EXPECT_THAT(tenants.Find("a b"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(*tenants.IdOf("b"), TenantId{1});
  EXPECT_EQ(*tenants.Find("b"), TenantId{1});

  Tenants after_restart(&store);
  ASSERT_OK(after_restart.Load());
  EXPECT_EQ(*after_restart.Find("a"), kUnknownTenant);
  EXPECT_EQ(after_restart.NameOf(TenantId{1}), "b");
  EXPECT_EQ(after_restart.NameOf(kDefaultTenant), "");
  EXPECT_EQ(after_restart.NameOf(kUnknownTenant), "");
}

TEST(TenantsTest, NamesHaveRules) {
  MemoryStore store;
  Tenants tenants(&store);
  const std::string longest(Tenants::kMaxNameBytes, 'x');
  for (const std::string& name : {longest, std::string("Az09!-_.*'()"), std::string("...")}) {
    EXPECT_OK(tenants.IdOf(name));
  }
  for (const std::string& name :
       {longest + "x", std::string("a b"), std::string("a/b"), std::string("."), std::string(".."),
        std::string("a|b"), std::string("\xc3\xa9"), std::string("a\0b", 3), std::string("\n")}) {
    EXPECT_THAT(tenants.IdOf(name),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("x-scope-orgid")))
        << name;
  }
}

TEST(TenantsTest, ANameThatCouldNotBeWrittenHasNoNumber) {
  auto wrapped = FaultStore::Wrap(std::make_unique<MemoryStore>());
  ASSERT_OK(wrapped);
  FaultStore& store = **wrapped;
  Tenants tenants(&store);
  store.FailAt(FaultStore::Operation::kWrite, 1, absl::ResourceExhaustedError("disk full"));
  EXPECT_THAT(tenants.IdOf("a"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(*tenants.IdOf("b"), TenantId{1});
  EXPECT_EQ(*tenants.IdOf("a"), TenantId{2});
}

TEST(TenantsTest, ADamagedRowIsDataLoss) {
  MemoryStore store;
  WriteBatch batch;
  batch.Put(Family::kMeta, "tenant/a", "xyz");
  ASSERT_OK(store.Write(batch, Durability::kSync));
  EXPECT_THAT(Tenants(&store).Load(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(TenantsTest, ThreadsAgree) {
  MemoryStore store;
  Tenants tenants(&store);
  constexpr int kNames = 20;
  std::vector<std::vector<TenantId>> ids(4);
  std::vector<std::thread> threads;
  for (std::vector<TenantId>& mine : ids) {
    threads.emplace_back([&tenants, &mine] {
      for (int i = 0; i < kNames; ++i) mine.push_back(*tenants.IdOf(fmt::format("t{}", i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<TenantId>& mine : ids) EXPECT_EQ(mine, ids[0]);
}

}  // namespace
}  // namespace vigil::storage
