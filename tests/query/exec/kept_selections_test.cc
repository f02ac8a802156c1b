// SPDX-License-Identifier: Apache-2.0
#include "query/exec/kept_selections.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "query/exec/engine.h"
#include "query/exec/shared_values.h"
#include "query/promql/parser.h"
#include "query/promql/selectors.h"
#include "tests/query/exec/memory_source.h"
#include "tests/query/exec/random_queries.h"
#include "tests/query/exec/result_match.h"

namespace vigil::exec {
namespace {

constexpr int64_t kEndMs = 40 * 60'000;

// Metrics in memory whose selections hold until somebody says that there are others.
class StampedSource final : public storage::MetricSource {
 public:
  StampedSource() { version_.BeginToCount(); }

  MemorySource& metrics() { return metrics_; }
  void Change() { version_.NoteAll(); }
  void ForbidKeeping() { KeepFrom(INT64_MAX); }
  // Selections that begin before are not to be kept.
  void KeepFrom(int64_t start_ms) { kept_from_ms_ = start_ms; }
  int selected() const { return selected_; }

  std::unique_ptr<storage::MetricQuerier> NewQuerier() override {
    return std::make_unique<Querier>(this, metrics_.NewQuerier());
  }

 private:
  class Querier final : public storage::MetricQuerier {
   public:
    Querier(StampedSource* source, std::unique_ptr<storage::MetricQuerier> inner)
        : source_(*source), inner_(std::move(inner)) {}

    absl::StatusOr<std::vector<storage::SeriesHandle>> Select(
        const std::vector<storage::Matcher>& matchers, TimeRange) override {
      ++source_.selected_;
      // As a store that looks at whole partitions.
      return inner_->Select(matchers, {0, kEndMs});
    }
    absl::Status Read(storage::SeriesRef ref, TimeRange range,
                      storage::SampleColumns* columns) override {
      return inner_->Read(ref, range, columns);
    }
    absl::StatusOr<std::vector<std::string>> LabelNames(
        const std::vector<storage::Matcher>& matchers, TimeRange range) override {
      return inner_->LabelNames(matchers, range);
    }
    absl::StatusOr<std::vector<std::string>> LabelValues(
        const std::string& name, const std::vector<storage::Matcher>& matchers,
        TimeRange range) override {
      return inner_->LabelValues(name, matchers, range);
    }
    storage::SelectionStamp StampOf(const std::vector<storage::Matcher>&,
                                    TimeRange range) override {
      if (range.start_ms < source_.kept_from_ms_) return {};
      storage::SelectionStamp::Part part;
      part.versions = source_.version_.StampOf({});
      return {{part}};
    }
    bool HoldsPart(const storage::SelectionStamp::Part& part, TimeRange range) override {
      return range.start_ms >= source_.kept_from_ms_ && source_.version_.Holds(part.versions);
    }
    // Of every other series, as one that is in a block for some series.
    storage::NewestSample ReadNewest(storage::SeriesRef ref, TimeRange range) override {
      storage::SampleColumns columns;
      if (!inner_->Read(ref, range, &columns).ok()) return {};
      if (static_cast<uint64_t>(ref) % 2 == 0 || !columns.histograms.empty()) return {};
      if (columns.times_ms.empty()) return {.kind = storage::NewestSample::Kind::kNone};
      return {storage::NewestSample::Kind::kFloat, columns.times_ms.back(), columns.values.back()};
    }

   private:
    StampedSource& source_;
    const std::unique_ptr<storage::MetricQuerier> inner_;
  };

  MemorySource metrics_;
  storage::PairVersions version_;
  int64_t kept_from_ms_ = INT64_MIN;
  int selected_ = 0;
};

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
  for (const std::string& warning : result->warnings) text += warning + "\n";
  for (const std::string& info : result->infos) text += info + "\n";
  return text;
}

// Expressions as a group of rules has them, evaluated at one instant after the other.
class KeptSelectionsTest : public ::testing::Test {
 protected:
  void Parse(std::vector<std::string> queries) {
    queries_ = std::move(queries);
    exprs_.clear();
    std::vector<const promql::Expr*> borrowed;
    for (const std::string& query : queries_) {
      exprs_.push_back(promql::ParseExpr(query).value());
      borrowed.push_back(exprs_.back().get());
    }
    kept_ = std::make_unique<KeptSelections>(borrowed, max_bytes_);
  }

  // What each of them gives, its selections kept.
  std::string Evaluate(int64_t time_ms) {
    const CommonNodes none;
    SharedValues values(&none, time_ms, 1'000'000, kept_.get());
    const auto querier = engine_.NewQuerier(source_);
    std::string text;
    for (size_t i = 0; i < queries_.size(); ++i) {
      text += Text(engine_.InstantOn(*querier, &values, *exprs_[i], queries_[i], time_ms)) + "\n";
    }
    return text;
  }

  std::string EvaluateAlone(int64_t time_ms) {
    std::string text;
    for (const std::string& query : queries_) {
      text += Text(engine_.Instant(source_.metrics(), query, time_ms)) + "\n";
    }
    return text;
  }

  const Engine engine_{EngineOptions{}};
  StampedSource source_;
  std::vector<std::string> queries_;
  std::vector<promql::ExprPtr> exprs_;
  int64_t max_bytes_ = 1 << 20;
  std::unique_ptr<KeptSelections> kept_;
};

TEST_F(KeptSelectionsTest, ChangeNoResult) {
  for (uint64_t seed = 1; seed <= 8 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomQueries generator(seed);
    source_.metrics().Clear();
    generator.Fill(kEndMs, &source_.metrics());
    source_.Change();
    for (int i = 0; i < 40 && !HasFailure(); ++i) {
      const std::string vector = fmt::format("({})", generator.Vector(1 + i % 2));
      std::vector<std::string> queries = {vector, "sum by (a) " + vector, vector + " + 1"};
      for (const char* op : {">", ">=", "<", "<=", "==", "!="}) {
        for (const char* threshold : {"0", "-3", "(17.5)", "NaN", "-Inf", "scalar(vector(2))"}) {
          queries.push_back(fmt::format("{} {} {}", vector, op, threshold));
          queries.push_back(fmt::format("{} {} {}", threshold, op, vector));
        }
      }
      Parse(std::move(queries));
      for (const int64_t time_ms : {10 * 60'000 + i * 31'000, 10 * 60'000 + i * 31'000 + 15'000}) {
        EXPECT_EQ(Evaluate(time_ms), EvaluateAlone(time_ms)) << queries_[0] << " @" << time_ms;
      }
    }
  }
}

TEST_F(KeptSelectionsTest, AreMadeAnewWhenTheyDoNotHold) {
  ASSERT_TRUE(source_.metrics().Load(15'000, R"(a{x="1"} 1+1x20)").ok());
  Parse({"a > 3", "sum(rate(a[1m])) > 5", "b"});
  Evaluate(60'000);
  EXPECT_EQ(source_.selected(), 2);  // Of a and b: selectors with the same matchers share.
  EXPECT_EQ(Evaluate(75'000), EvaluateAlone(75'000));
  EXPECT_EQ(source_.selected(), 2);
  ASSERT_TRUE(source_.metrics().Load(15'000, R"(a{x="0"} 100+100x20)").ok());
  ASSERT_TRUE(source_.metrics().Load(15'000, R"(b 1+1x20)").ok());
  source_.Change();
  EXPECT_EQ(Evaluate(90'000), EvaluateAlone(90'000));
  EXPECT_EQ(source_.selected(), 4);
}

// As what begins before the time of which all series are in memory.
TEST_F(KeptSelectionsTest, OneThatCannotBeKeptLeavesTheOther) {
  ASSERT_TRUE(source_.metrics().Load(15'000, R"(a{x="1"} 1+1x80)").ok());
  Parse({"a > 3", "a offset 10m"});
  source_.KeepFrom(900'000);
  for (const int64_t time_ms : {1'200'000, 1'215'000, 1'230'000}) {
    EXPECT_EQ(Evaluate(time_ms), EvaluateAlone(time_ms));
  }
  EXPECT_EQ(source_.selected(), 1 + 3);
}

TEST_F(KeptSelectionsTest, TakeNoMoreMemoryThanTheyMay) {
  max_bytes_ = 4096;
  ASSERT_TRUE(source_.metrics().Load(15'000, R"(a{x="1"} 1+1x20)").ok());
  for (int i = 0; i < 100; ++i) {
    const std::string line = fmt::format(R"(b{{x="{}"}} 1+1x20)", i);
    ASSERT_TRUE(source_.metrics().Load(15'000, line).ok());
  }
  Parse({"b", "a"});
  Evaluate(60'000);
  EXPECT_EQ(source_.selected(), 2);
  EXPECT_EQ(Evaluate(75'000), EvaluateAlone(75'000));
  EXPECT_EQ(source_.selected(), 3);  // b is too large.
  // What is given up makes room for others.
  for (int i = 0; i < 100; ++i) {
    Parse({"a"});
    Evaluate(60'000);
    Evaluate(75'000);
    EXPECT_EQ(source_.selected(), 4 + i);
  }
}

TEST_F(KeptSelectionsTest, TellWhetherThereIsAnything) {
  ASSERT_TRUE(source_.metrics().Load(15'000, R"(a{x="1"} 1+1x20)").ok());
  Parse({"a", "b"});
  const std::vector<storage::Matcher> a = {storage::Matcher::Equal("__name__", "a")};
  const std::vector<storage::Matcher> b = {storage::Matcher::Equal("__name__", "b")};
  const std::vector<storage::Matcher> c = {storage::Matcher::Equal("__name__", "c")};
  const auto querier = source_.NewQuerier();
  EXPECT_EQ(kept_->FindsAny(a, *querier, {0, 60'000}), std::nullopt);
  Evaluate(60'000);
  EXPECT_EQ(kept_->FindsAny(a, *querier, {0, 60'000}), true);
  EXPECT_EQ(kept_->FindsAny(b, *querier, {0, 60'000}), false);
  EXPECT_EQ(kept_->FindsAny(c, *querier, {0, 60'000}), std::nullopt);
  source_.Change();
  EXPECT_EQ(kept_->FindsAny(a, *querier, {0, 60'000}), std::nullopt);
}

TEST_F(KeptSelectionsTest, AreNotKeptWithoutAStamp) {
  source_.ForbidKeeping();
  Parse({"a"});
  Evaluate(60'000);
  Evaluate(75'000);
  EXPECT_EQ(source_.selected(), 2);
}

TEST_F(KeptSelectionsTest, KnowTheirSelectorsAlone) {
  Parse({"a + a", "rate(a[5m])"});
  for (const promql::ExprPtr& expr : exprs_) {
    for (const promql::VectorSelector* selector : promql::SelectorsOf(*expr)) {
      EXPECT_TRUE(kept_->Has(*selector));
    }
  }
  const promql::ExprPtr other = promql::ParseExpr("a").value();
  EXPECT_FALSE(kept_->Has(promql::As<promql::VectorSelector>(*other)));
}

}  // namespace
}  // namespace vigil::exec
