// SPDX-License-Identifier: Apache-2.0
#include "alerting/expr_reads.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/duration.h"
#include "query/promql/parser.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

// "columnar; matchers within reach, ...".
std::string Describe(const std::string& text) {
  const auto expr = promql::ParseExpr(text);
  if (!expr.ok()) return std::string(MessageOf(expr.status()));
  const ExprReads reads = ReadsOf(**expr, exec::EngineOptions());
  std::string described = reads.columnar ? "columns" : "steps";
  for (const SeriesRead& read : reads.reads) {
    std::string matchers;
    for (const storage::Matcher& matcher : read.matchers) matchers += matcher.ToString();
    described +=
        fmt::format("; {} {}{}", matchers.empty() ? "any" : matchers,
                    read.reach_ms >= kUnknownReachMs ? "?" : FormatDurationMs(read.reach_ms),
                    read.looks_back ? "" : " ahead");
  }
  return described;
}

TEST(ExprReadsTest, ReachAddsUp) {
  EXPECT_EQ(Describe("1"), "columns");
  EXPECT_EQ(Describe("a"), "columns; __name__=\"a\" 5m");
  EXPECT_EQ(Describe("rate(a[10m] offset 1h) > b"),
            "columns; __name__=\"a\" 1h15m; __name__=\"b\" 5m");
  EXPECT_EQ(Describe("max_over_time(rate(a[10m])[1h:30s] offset 1d)"),
            "columns; __name__=\"a\" 1d1h15m30s");
  EXPECT_EQ(Describe("max_over_time(a[1h:])"), "columns; __name__=\"a\" 1h6m");
}

TEST(ExprReadsTest, SomeLookAhead) {
  EXPECT_EQ(Describe("a offset -1m"), "columns; __name__=\"a\" 5m ahead");
  EXPECT_EQ(Describe("a @ 1000"), "columns; __name__=\"a\" ? ahead");
  EXPECT_EQ(Describe("max_over_time(a[1h:1m] offset -1m)"), "columns; __name__=\"a\" 1h6m ahead");
  EXPECT_EQ(Describe("sum(rate(a[5m] smoothed))"), "columns; __name__=\"a\" 15m ahead");
}

TEST(ExprReadsTest, SomeAreNotTheSameOverARange) {
  EXPECT_EQ(Describe("a @ start()"), "steps; __name__=\"a\" ? ahead");
  EXPECT_EQ(Describe("a > end()"), "steps; __name__=\"a\" 5m");
  EXPECT_EQ(Describe("rate(a[step() + 1m])"), "steps; __name__=\"a\" ?");
  EXPECT_EQ(Describe("a[5m]"), "steps; __name__=\"a\" 10m");
  EXPECT_EQ(Describe("\"text\""), "steps");
}

TEST(ExprReadsTest, InfoReadsAnything) {
  EXPECT_EQ(Describe("info(a)"), "columns; any ?; __name__=\"a\" 5m");
}

}  // namespace
}  // namespace vigil::alerting
