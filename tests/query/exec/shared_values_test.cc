// SPDX-License-Identifier: Apache-2.0
#include "query/exec/shared_values.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "query/exec/engine.h"
#include "query/promql/parser.h"
#include "tests/query/exec/memory_source.h"
#include "tests/query/exec/random_queries.h"
#include "tests/query/exec/result_match.h"

namespace vigil::exec {
namespace {

constexpr int64_t kEndMs = 40 * 60'000;

std::vector<promql::ExprPtr> Parse(const std::vector<std::string>& queries) {
  std::vector<promql::ExprPtr> exprs;
  for (const std::string& query : queries) exprs.push_back(promql::ParseExpr(query).value());
  return exprs;
}

std::vector<const promql::Expr*> Borrow(const std::vector<promql::ExprPtr>& exprs) {
  std::vector<const promql::Expr*> borrowed;
  for (const promql::ExprPtr& expr : exprs) borrowed.push_back(expr.get());
  return borrowed;
}

// The texts of the nodes that `queries` share.
std::vector<std::string> Shared(const std::vector<std::string>& queries) {
  const std::vector<promql::ExprPtr> exprs = Parse(queries);
  const CommonNodes nodes(Borrow(exprs));
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < nodes.size(); ++i) texts.push_back(promql::Print(nodes.Example(i)));
  std::sort(texts.begin(), texts.end());
  return texts;
}

TEST(CommonNodesTest, AreTheLargestPartsThatOccurTwice) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(Shared({"a > 1", "b > 1"}), Texts{});
  EXPECT_EQ(Shared({"a > 1", "a > 2"}), Texts{"a"});
  EXPECT_EQ(Shared({"(a) > 1", "a > 2", "2 < ((a))"}), Texts{"a"});
  EXPECT_EQ(Shared({"rate(a[5m]) > 1", "rate(a[5m]) > 2"}), Texts{"rate(a[5m])"});
  // Whole expressions, too.
  EXPECT_EQ(Shared({"a > 1", "a > 1"}), Texts{"a > 1"});
  // What stands in one larger part only is made with it.
  EXPECT_EQ(Shared({"sum(abs(a)) > 1", "sum(abs(a)) > 2"}), Texts{"sum(abs(a))"});
  EXPECT_EQ(Shared({"sum(abs(a)) > 1", "sum(abs(a)) > 2", "max(abs(a))"}),
            (Texts{"abs(a)", "sum(abs(a))"}));
  // Other instants.
  EXPECT_EQ(Shared({"a", "max_over_time(a[5m:1m])", "rate(a[5m])"}), Texts{});
  EXPECT_EQ(Shared({"a offset 5m", "a"}), Texts{});
}

std::string Text(const absl::StatusOr<QueryResult>& result) {
  if (!result.ok()) return result.status().ToString();
  if (const auto* scalar = std::get_if<ScalarResult>(&result->value)) {
    return fmt::format("{}", scalar->value);
  }
  std::string text;
  for (const VectorElement& element : std::get<VectorResult>(result->value)) {
    const promql::SeriesValue value = element.histogram != nullptr
                                          ? promql::SeriesValue(element.histogram)
                                          : promql::SeriesValue(element.value);
    text += fmt::format("{} {}\n", element.labels.ToString(), ValueText(value));
  }
  return text;
}

// Runs all of them on shared values and holds each to what it gives alone, order included.
void Check(MemorySource& source, const std::vector<std::string>& queries, int64_t time_ms) {
  const Engine engine{EngineOptions{}};
  const std::vector<promql::ExprPtr> exprs = Parse(queries);
  const CommonNodes nodes(Borrow(exprs));
  EXPECT_GT(nodes.size(), 0u) << queries.front();
  SharedValues values(&nodes, time_ms, 1'000'000);
  const auto querier = engine.NewQuerier(source);
  for (size_t i = 0; i < queries.size(); ++i) {
    const std::string alone = Text(engine.Instant(source, queries[i], time_ms));
    EXPECT_EQ(Text(engine.InstantOn(*querier, &values, *exprs[i], queries[i], time_ms)), alone)
        << queries[i] << " @" << time_ms;
  }
}

TEST(SharedValuesTest, ChangeNoResult) {
  for (uint64_t seed = 1; seed <= 8 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomQueries generator(seed);
    MemorySource source;
    generator.Fill(kEndMs, &source);
    for (int i = 0; i < 40 && !HasFailure(); ++i) {
      const std::string common = fmt::format("({})", generator.Vector(1 + i % 2));
      std::vector<std::string> queries = {"sum by (a) " + common, common + " + 1", "-" + common,
                                          "sort(" + common + ")", common + " > bool 3"};
      for (const char* op : {">", ">=", "<", "<=", "==", "!="}) {
        for (const char* threshold : {"0", "3", "17.5", "NaN", "-Inf", "scalar(vector(2))"}) {
          queries.push_back(fmt::format("{} {} {}", common, op, threshold));
          queries.push_back(fmt::format("{} {} {}", threshold, op, common));
        }
      }
      Check(source, queries, 10 * 60'000 + i * 31'000);
    }
  }
}

TEST(SharedValuesTest, AreMadeOnceAndForgottenWhenTold) {
  const std::vector<promql::ExprPtr> exprs = Parse({"a > 1", "a > 2", "b > 1", "b > 2"});
  const CommonNodes nodes(Borrow(exprs));
  SharedValues values(&nodes, 1000, 100);
  const auto node = [&](size_t query) -> const promql::Expr& {
    return *promql::As<promql::Binary>(*exprs[query]).lhs;
  };
  EXPECT_TRUE(values.Shares(node(0), 1000));
  EXPECT_FALSE(values.Shares(node(0), 2000));  // Another instant.
  EXPECT_FALSE(values.Shares(*exprs[0], 1000));
  QueryLimits limits(100, 60'000, nullptr);
  int made = 0;
  const auto make = [&]() -> absl::StatusOr<VectorValue> {
    ++made;
    return VectorValue(limits);
  };
  for (size_t query = 0; query < 4; ++query) ASSERT_TRUE(values.Get(node(query), make).ok());
  EXPECT_EQ(made, 2);
  values.Forget([](const promql::Expr& expr) {
    return promql::As<promql::VectorSelector>(expr).name == "a";
  });
  for (size_t query = 0; query < 4; ++query) ASSERT_TRUE(values.Get(node(query), make).ok());
  EXPECT_EQ(made, 3);
}

TEST(SharedValuesTest, HoldNoMoreThanTheyMay) {
  const std::vector<promql::ExprPtr> exprs = Parse({"a > 1", "a > 2"});
  const CommonNodes nodes(Borrow(exprs));
  SharedValues values(&nodes, 1000, 9);
  QueryLimits limits(100, 60'000, nullptr);
  const auto make = [&]() -> absl::StatusOr<VectorValue> {
    VectorValue value(limits);
    for (int i = 0; i < 10; ++i) {
      Column column(1);
      column.SetFloat(0, i);
      EXPECT_TRUE(value.Add(storage::Labels(), std::move(column)).ok());
    }
    return value;
  };
  const auto failed = values.Get(*promql::As<promql::Binary>(*exprs[0]).lhs, make);
  EXPECT_TRUE(absl::IsResourceExhausted(failed.status())) << failed.status();
}

}  // namespace
}  // namespace vigil::exec
