// SPDX-License-Identifier: Apache-2.0
//
// The property that ties the columns down: at each step a range query gives bit for bit what an
// instant query gives at that time.
#include <map>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "query/exec/engine.h"
#include "tests/query/exec/memory_source.h"
#include "tests/query/exec/result_match.h"

namespace vigil::exec {
namespace {

constexpr int64_t kEndMs = 40 * 60'000;

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  // Series that come and go, at odd times, floats and histograms.
  void Fill(MemorySource* source) {
    for (const char* name : {"a_total", "b", "c_bucket", "h"}) {
      for (const char* job : {"x", "y"}) {
        for (const char* extra : {"1", "2", "+Inf"}) {
          if (OneIn(6)) continue;
          const storage::Labels labels({{"__name__", name}, {"job", job}, {"le", extra}});
          FillSeries(labels, name[0] == 'h', source);
        }
      }
    }
  }

  std::string Vector(int depth) {
    if (depth <= 0) return Selector() + Shift();
    switch (Below(10)) {
      case 0:
      case 1:
        return RangeCall(depth);
      case 2:
      case 3:
        return Aggregate(depth);
      case 4:
      case 5:
        return Binary(depth);
      case 6:
        return Call(depth);
      case 7:
        return fmt::format("({} {} {})", Vector(depth - 1), OneOf("+", "/", ">", "== bool", "%"),
                           Scalar(depth));
      case 8:
        return "-" + Vector(depth - 1);
      default:
        return Selector() + Shift();
    }
  }

 private:
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename... Texts>
  std::string OneOf(Texts... texts) {
    const char* const all[] = {texts...};
    return all[Below(sizeof...(texts))];
  }

  storage::Histogram RandomHistogram() {
    storage::Histogram histogram;
    histogram.schema = static_cast<int8_t>(Below(3));
    histogram.zero_threshold = OneIn(2) ? 0.001 : 0.5;
    histogram.zero_count = Below(3);
    histogram.positive_spans = {{Below(3), 2}};
    histogram.positive_counts = {double(Below(5)), double(Below(5))};
    histogram.count =
        histogram.zero_count + histogram.positive_counts[0] + histogram.positive_counts[1];
    histogram.sum = Below(100);
    histogram.reset_hint = static_cast<storage::CounterResetHint>(Below(4));
    return histogram;
  }

  void FillSeries(const storage::Labels& labels, bool histograms, MemorySource* source) {
    double value = 0;
    for (int64_t t = Below(60'000); t < kEndMs; t += 15'000 + (OneIn(4) ? Below(5000) : 0)) {
      if (OneIn(15)) t += Below(400'000);
      value = OneIn(12) ? Below(5) : value + Below(1000) / 10.0;
      if (histograms && !OneIn(20)) {
        source->AddHistogram(labels, t,
                             std::make_shared<const storage::Histogram>(RandomHistogram()));
      } else if (OneIn(25)) {
        source->AddFloat(labels, t, OneIn(2) ? storage::StaleNan() : 0.0 / 0.0);
      } else {
        source->AddFloat(labels, t, value);
      }
    }
  }

  std::string Selector() {
    return OneOf("a_total", "b", "c_bucket", "h", "{__name__=~\"a_total|b\"}", "b{job=\"x\"}",
                 "h{job!=\"x\"}", "a_total{le=~\"1|2\"}", "nothing");
  }
  std::string Shift() { return OneOf("", "", "", " offset 90s", " offset -45s", " @ 1000"); }
  std::string Duration() { return OneOf("30s", "1m", "2m30s", "5m", "17s"); }

  std::string Range(int depth) {
    if (OneIn(3)) {
      return fmt::format("({})[{}:{}]{}", Vector(depth - 1), Duration(), OneOf("", "20s", "7s"),
                         Shift());
    }
    return fmt::format("{}[{}]{}", Selector(), Duration(), Shift());
  }

  std::string RangeCall(int depth) {
    switch (Below(4)) {
      case 0:
        return fmt::format("quantile_over_time({}, {})", Scalar(depth), Range(depth));
      case 1:
        return fmt::format("predict_linear({}, {})", Range(depth), Scalar(depth));
      default:
        return fmt::format(
            "{}({})",
            OneOf("rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets",
                  "sum_over_time", "avg_over_time", "min_over_time", "max_over_time",
                  "count_over_time", "last_over_time", "first_over_time", "stddev_over_time",
                  "present_over_time", "absent_over_time", "mad_over_time", "ts_of_max_over_time"),
            Range(depth));
    }
  }

  std::string Aggregate(int depth) {
    const std::string inner = Vector(depth - 1);
    const std::string by = OneOf("", "by (job)", "without (le)", "by (le, job)", "by (__name__)");
    switch (Below(5)) {
      case 0:
        return fmt::format("{} {} ({}, {})",
                           OneOf("topk", "bottomk", "limitk", "quantile", "limit_ratio"), by,
                           OneOf("1", "2", "0.5"), inner);
      case 1:
        return fmt::format("count_values {} (\"v\", {})", by, inner);
      default:
        return fmt::format("{} {} ({})",
                           OneOf("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"),
                           by, inner);
    }
  }

  std::string Binary(int depth) {
    return fmt::format(
        "({} {} {})", Vector(depth - 1),
        OneOf("+", "-", "*", "/", ">", "<= bool", "==", "and", "or", "unless", "and on(job)",
              "unless on(le)", "or on(job)", "+ ignoring(job, le)", "* on(job, le)",
              "/ on(job) group_left()", "- on(job) group_right(le)", "+ fill(1)", "atan2"),
        Vector(depth - 1));
  }

  std::string Call(int depth) {
    const std::string inner = Vector(depth - 1);
    switch (Below(7)) {
      case 0:
        return fmt::format("histogram_quantile({}, {})", Scalar(depth), inner);
      case 1:
        return fmt::format("clamp({}, {}, {})", inner, Scalar(depth), Scalar(depth));
      case 2:
        return fmt::format("label_replace({}, \"le\", \"$1\", \"job\", \"(.)\")", inner);
      case 3:
        return fmt::format("histogram_fraction(0, {}, {})", Scalar(depth), inner);
      case 4:
        return fmt::format("vector({})", Scalar(depth));
      default:
        return fmt::format("{}({})",
                           OneOf("abs", "sgn", "sort", "sort_desc", "timestamp", "absent", "hour",
                                 "histogram_count", "histogram_stddev", "sqrt", "round"),
                           inner);
    }
  }

  std::string Scalar(int depth) {
    if (depth <= 0) return OneOf("0.5", "0", "2", "-1", "time()");
    switch (Below(4)) {
      case 0:
        return fmt::format("scalar({})", Vector(depth - 1));
      case 1:
        return fmt::format("(time() % {})", OneOf("7", "100", "3"));
      default:
        return OneOf("0.9", "1", "0.25", "10", "NaN", "Inf");
    }
  }

  std::mt19937_64 random_;
};

using Values = std::map<storage::Labels, promql::SeriesValue>;

// What an instant query gives; scalars as a vector of one.
Values OfInstant(const QueryResult& result) {
  Values values;
  for (const VectorElement& element : std::get<VectorResult>(result.value)) {
    values[element.labels] = element.histogram != nullptr ? promql::SeriesValue(element.histogram)
                                                          : promql::SeriesValue(element.value);
  }
  return values;
}

std::map<int64_t, Values> OfRange(const QueryResult& result) {
  std::map<int64_t, Values> values;
  for (const SeriesResult& series : std::get<MatrixResult>(result.value)) {
    const storage::SampleColumns& samples = series.samples;
    for (size_t i = 0; i < samples.values.size(); ++i) {
      values[samples.times_ms[i]][series.labels] = samples.values[i];
    }
    for (size_t i = 0; i < samples.histograms.size(); ++i) {
      values[samples.histogram_times_ms[i]][series.labels] = samples.histograms[i];
    }
  }
  return values;
}

std::string Text(const Values& values) {
  std::string text;
  for (const auto& [labels, value] : values) {
    text += fmt::format("{} {}\n", labels.ToString(), ValueText(value));
  }
  return text;
}

// Checks one query; whether it succeeded.
bool Check(MemorySource& source, const std::string& query) {
  const Engine engine{EngineOptions{}};
  constexpr int64_t kStartMs = 5 * 60'000;
  constexpr int64_t kStepMs = 97'000;
  const absl::StatusOr<QueryResult> range = engine.Range(source, query, kStartMs, kEndMs, kStepMs);
  std::map<int64_t, Values> by_time;
  if (range.ok()) by_time = OfRange(*range);
  bool some_failed = false;
  for (int64_t t = kStartMs; t <= kEndMs; t += kStepMs) {
    const absl::StatusOr<QueryResult> instant = engine.Instant(source, query, t);
    some_failed |= !instant.ok();
    if (!range.ok()) continue;
    EXPECT_TRUE(instant.ok()) << query << " @" << t << ": " << instant.status();
    if (!instant.ok()) return false;
    // Texts are exact to the last digit.
    const std::string alone = Text(OfInstant(*instant));
    const std::string within = Text(by_time[t]);
    EXPECT_EQ(alone, within) << query << " @" << t;
    if (alone != within) return false;
  }
  EXPECT_EQ(range.ok(), !some_failed) << query << ": " << range.status();
  return range.ok();
}

TEST(InstantIsRangeTest, ForRandomQueries) {
  constexpr uint64_t kSources = 12;
  constexpr int kQueriesPerSource = 150;
  int succeeded = 0;
  for (uint64_t seed = 1; seed <= kSources && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Generator generator(seed);
    MemorySource source;
    generator.Fill(&source);
    for (int i = 0; i < kQueriesPerSource && !HasFailure(); ++i) {
      succeeded += Check(source, generator.Vector(1 + i % 3)) ? 1 : 0;
    }
  }
  // The generator must not mostly make queries that fail.
  EXPECT_GT(succeeded, static_cast<int>(kSources) * kQueriesPerSource / 2);
}

}  // namespace
}  // namespace vigil::exec
