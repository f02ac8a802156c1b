// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/group_samples.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "query/promql/parser.h"
#include "storage/model/sample.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using storage::LabeledSample;
using storage::Labels;

// Writes down what it is asked, in order.
class Journal final : public ExprRunner, public storage::MetricSink {
 public:
  absl::StatusOr<exec::QueryResult> Run(const promql::Expr&, std::string_view text,
                                        int64_t) override {
    events.push_back("run " + std::string(text));
    return exec::QueryResult{};
  }
  absl::StatusOr<exec::QueryResult> RunText(std::string_view text, int64_t) override {
    events.push_back("run text " + std::string(text));
    return exec::QueryResult{};
  }
  void Wrote(const StringSet& metrics) override {
    events.push_back("wrote " + std::to_string(metrics.size()));
  }
  absl::StatusOr<storage::WriteResult> Append(const std::vector<LabeledSample>& samples,
                                              const storage::MetricMetadata&) override {
    std::string event = "append";
    storage::WriteResult result;
    for (const LabeledSample& sample : samples) {
      event += " " + std::string(sample.labels.MetricName());
      if (storage::IsStale(sample.value)) event += "=stale";
      if (sample.labels.MetricName() != refused) continue;
      ++result.rejected;
      result.rejection_reason = "not wanted";
    }
    events.push_back(event);
    if (!failure.ok()) return failure;
    return result;
  }

  std::vector<std::string> events;
  std::string refused;
  absl::Status failure;
};

std::vector<LabeledSample> SampleOf(std::string_view metric) {
  LabeledSample sample;
  sample.labels = Labels({{"__name__", metric}});
  sample.time_ms = 1000;
  sample.value = 1;
  return {sample};
}

void RunQuery(std::string_view query, GroupSamples* samples) {
  const promql::ExprPtr expr = promql::ParseExpr(query).value();
  EXPECT_OK(samples->Run(*expr, query, 1000).status());
}

using Events = std::vector<std::string>;

TEST(GroupSamplesTest, ManyRulesAreOneWrite) {
  Journal journal;
  GroupSamples samples(&journal, &journal);
  RuleOutput a;
  RuleOutput b;
  samples.Add(SampleOf("a"), 1000, &a);
  RunQuery("c > 1", &samples);
  samples.Add(SampleOf("b"), 1000, &b);
  samples.Flush();
  samples.Flush();
  EXPECT_EQ(journal.events, (Events{"run c > 1", "append a b", "wrote 2"}));
  EXPECT_OK(a.status);
  EXPECT_EQ(a.series.size(), 1u);
}

TEST(GroupSamplesTest, WhoMaySelectThemFindsThemWritten) {
  const std::vector<std::string> selecting = {"a", "1 + rate(a[5m])", R"({__name__=~"a|b"})",
                                              R"({job="x"})", "max_over_time(a[5m:1m])"};
  for (const std::string& query : selecting) {
    Journal journal;
    GroupSamples samples(&journal, &journal);
    RuleOutput a;
    samples.Add(SampleOf("a"), 1000, &a);
    RunQuery(query, &samples);
    EXPECT_EQ(journal.events, (Events{"append a", "wrote 1", "run " + query}));
  }
  // A template's query is not looked into.
  Journal journal;
  GroupSamples samples(&journal, &journal);
  RuleOutput a;
  samples.Add(SampleOf("a"), 1000, &a);
  EXPECT_OK(samples.RunText("c", 1000).status());
  EXPECT_EQ(journal.events, (Events{"append a", "wrote 1", "run text c"}));
}

TEST(GroupSamplesTest, SeriesThatAreNotThereAnyMoreEnd) {
  Journal journal;
  GroupSamples samples(&journal, &journal);
  RuleOutput a;
  samples.Add(SampleOf("a"), 1000, &a);
  samples.Flush();
  samples.Add({}, 2000, &a);
  samples.Flush();
  samples.Add({}, 3000, &a);
  samples.Flush();
  EXPECT_EQ(journal.events, (Events{"append a", "wrote 1", "append a=stale", "wrote 1"}));
  EXPECT_TRUE(a.series.empty());
}

TEST(GroupSamplesTest, ARefusalIsToldToTheRuleWhoseSamplesItIsAbout) {
  Journal journal;
  journal.refused = "b";
  GroupSamples samples(&journal, &journal);
  RuleOutput a;
  RuleOutput b;
  samples.Add(SampleOf("a"), 1000, &a);
  samples.Add(SampleOf("b"), 1000, &b);
  samples.Flush();
  EXPECT_OK(a.status);
  EXPECT_EQ(b.status.message(), "1 samples were rejected: not wanted");
}

TEST(GroupSamplesTest, AfterAFailedWriteEndsAreMarkedLater) {
  Journal journal;
  GroupSamples samples(&journal, &journal);
  RuleOutput a;
  samples.Add(SampleOf("a"), 1000, &a);
  samples.Flush();
  journal.failure = absl::UnavailableError("no");
  samples.Add({}, 2000, &a);
  samples.Flush();
  EXPECT_EQ(a.status.message(), "writing samples: no");
  journal.failure = absl::OkStatus();
  samples.Add({}, 3000, &a);
  samples.Flush();
  EXPECT_EQ(journal.events.back(), "wrote 1");
  EXPECT_EQ(journal.events[journal.events.size() - 2], "append a=stale");
}

}  // namespace
}  // namespace vigil::alerting
