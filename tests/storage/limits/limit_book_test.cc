// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/limit_book.h"

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

std::string NameOf(TenantId tenant) { return tenant == TenantId{7} ? "team" : ""; }

LimitSettings Settings(uint64_t everyone, uint64_t team) {
  LimitSettings settings;
  settings.defaults.max_series = everyone;
  settings.tenants["team"].max_series = team;
  return settings;
}

TEST(LimitBookTest, ATenantsOwnLimitsGoBeforeThoseOfAll) {
  const LimitBook book(Settings(10, 20), NameOf);
  EXPECT_EQ(book.Of(kDefaultTenant).max_series, 10u);
  EXPECT_EQ(book.Of(TenantId{1}).max_series, 10u);
  EXPECT_EQ(book.Of(TenantId{7}).max_series, 20u);
}

TEST(LimitBookTest, NewSettingsHoldAtOnce) {
  LimitBook book(Settings(10, 20), NameOf);
  book.Set(Settings(30, 40));
  EXPECT_EQ(book.Of(TenantId{1}).max_series, 30u);
  EXPECT_EQ(book.Of(TenantId{7}).max_series, 40u);
}

TEST(LimitBookTest, EveryLimitHasOneName) {
  EXPECT_EQ(sizeof(TenantLimits), kLimitFields.size() * sizeof(uint64_t));
  TenantLimits limits;
  uint64_t number = 0;
  for (const LimitField& field : kLimitFields) limits.*field.value = ++number;
  number = 0;
  for (const LimitField& field : kLimitFields) EXPECT_EQ(limits.*field.value, ++number);
}

}  // namespace
}  // namespace vigil::storage
