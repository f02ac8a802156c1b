// SPDX-License-Identifier: Apache-2.0
//
// What a query tells of its parts.
#include "query/exec/plan.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "query/exec/engine.h"
#include "tests/query/exec/memory_source.h"
#include "tests/testing/status_matchers.h"

namespace vigil::exec {
namespace {

constexpr int64_t kMinuteMs = 60'000;

class PlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(source_.Load(kMinuteMs, "m_total{k=\"a\", i=\"1\"} 0+1x100"));
    ASSERT_OK(source_.Load(kMinuteMs, "m_total{k=\"a\", i=\"2\"} 0+2x100"));
    ASSERT_OK(source_.Load(kMinuteMs, "m_total{k=\"b\", i=\"3\"} 0+3x100"));
  }

  // A line for each part: its text, indented; its series; "*" if it is streamed.
  std::string PlanOf(std::string_view query, QueryControl control = {.explain = true}) {
    const auto result =
        Engine(EngineOptions{})
            .Range(source_, query, 10 * kMinuteMs, 20 * kMinuteMs, kMinuteMs, control);
    EXPECT_OK(result);
    std::string text;
    for (const PlanNode& node : result->statistics.plan) {
      EXPECT_GE(node.time_ns, 0);
      text += fmt::format("{}{}: {}{}\n", std::string(2 * node.depth, ' '), node.text, node.series,
                          node.streamed ? "*" : "");
    }
    return text;
  }

  MemorySource source_;
};

TEST_F(PlanTest, PartsStandUnderThoseAroundThem) {
  EXPECT_EQ(PlanOf("sum by (k) (rate(m_total[5m])) / on() group_left() count(m_total)"),
            "sum by (k) (rate(m_total[5m])) / on() group_left() count(m_total): 2\n"
            "  sum by (k) (rate(m_total[5m])): 2\n"
            "    rate(m_total[5m]): 3*\n"
            "      m_total[5m]: 3*\n"
            "  count(m_total): 1\n"
            "    m_total: 3*\n");
  EXPECT_EQ(PlanOf("topk(1, -m_total{k=\"a\"})"),
            "topk(1, -m_total{k=\"a\"}): 1\n"
            "  -m_total{k=\"a\"}: 2\n"
            "    m_total{k=\"a\"}: 2*\n");
  EXPECT_EQ(PlanOf("max_over_time(rate(m_total[5m])[10m:1m])"),
            "max_over_time(rate(m_total[5m])[10m:1m]): 3\n"
            "  rate(m_total[5m]): 3\n"
            "    m_total[5m]: 3*\n");
}

TEST_F(PlanTest, NothingIsTakenDownUnasked) {
  EXPECT_EQ(PlanOf("sum(m_total)", {}), "");
  EXPECT_EQ(PlanOf("1 + 1"), "1 + 1: 1\n");
}

}  // namespace
}  // namespace vigil::exec
