// SPDX-License-Identifier: Apache-2.0
//
// What is printed parses back to the same tree.
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "query/promql/parser.h"
#include "tests/query/promql/random_query.h"
#include "tests/query/promql/tree_dump.h"
#include "tests/testing/fuzz.h"
#include "tests/testing/status_matchers.h"

namespace vigil::promql {
namespace {

constexpr uint64_t kFirstSeed = 20260822;
constexpr int kQueries = 20'000;

TEST(PrinterTest, PrintedTreesParseBackToThemselves) {
  int parsed = 0;
  for (int i = 0; i < kQueries; ++i) {
    const uint64_t seed = kFirstSeed + i;
    RandomQuery random(seed);
    const std::string query = random.Vector(1 + i % 5);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, query));
    const absl::StatusOr<ExprPtr> expr = ParseExpr(query);
    // The generator is blind to precedence: a few of its operands turn out to be scalars, for which
    // `1 < 2` and on(...) are not allowed.
    if (!expr.ok()) continue;
    ++parsed;
    const std::string printed = Print(**expr);
    const absl::StatusOr<ExprPtr> again = ParseExpr(printed);
    ASSERT_OK(again) << printed;
    ASSERT_EQ(DumpTree(**expr), DumpTree(**again)) << printed;
    ASSERT_EQ(printed, Print(**again));
  }
  EXPECT_GT(parsed, kQueries * 95 / 100);
}

// Texts near valid ones: whatever they are, an answer comes, and it has a
// position.
TEST(PrinterTest, MutilatedQueriesAreAnsweredWithAPosition) {
  for (int i = 0; i < kQueries / 4; ++i) {
    const uint64_t seed = kFirstSeed + i;
    RandomQuery random(seed);
    std::mt19937_64 dice(seed);
    const std::string query = testing::Mutate(random.Vector(1 + i % 4), &dice);
    const absl::StatusOr<ExprPtr> expr = ParseExpr(query);
    if (expr.ok()) {
      EXPECT_OK(ParseExpr(Print(**expr))) << "seed " << seed << ": " << query;
    } else {
      EXPECT_THAT(std::string(MessageOf(expr.status())),
                  ::testing::MatchesRegex("([0-9]+:[0-9]+|unknown position): parse error: .+"));
    }
  }
}

}  // namespace
}  // namespace vigil::promql
