// SPDX-License-Identifier: Apache-2.0
#include "query/promql/selectors.h"

#include <string>

#include <gtest/gtest.h>

#include "query/promql/parser.h"

namespace vigil::promql {
namespace {

// The names of the selectors in `query`.
std::string Names(std::string_view query) {
  const ExprPtr expr = ParseExpr(query).value();
  std::string names;
  for (const VectorSelector* const selector : SelectorsOf(*expr)) names += selector->name + " ";
  return names;
}

TEST(SelectorsTest, AreFoundInEveryPlace) {
  EXPECT_EQ(Names("1 + time()"), "");
  EXPECT_EQ(Names("\"text\""), "");
  EXPECT_EQ(Names("a"), "a ");
  EXPECT_EQ(Names("rate(a[5m])"), "a ");
  EXPECT_EQ(Names("max_over_time(rate(a[5m])[1h:])"), "a ");
  EXPECT_EQ(Names("topk(scalar(a), b) / on (x) -(c)"), "a b c ");
  EXPECT_EQ(Names("a or label_replace(b, \"x\", \"\", \"\", \"\") unless a"), "a b a ");
}

}  // namespace
}  // namespace vigil::promql
