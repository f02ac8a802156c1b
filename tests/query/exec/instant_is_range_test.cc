// SPDX-License-Identifier: Apache-2.0
//
// The property that ties the columns down: at each step a range query gives bit for bit what an
// instant query gives at that time.
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "query/exec/engine.h"
#include "tests/query/exec/memory_source.h"
#include "tests/query/exec/random_queries.h"
#include "tests/query/exec/result_match.h"

namespace vigil::exec {
namespace {

constexpr int64_t kEndMs = 40 * 60'000;

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
    RandomQueries generator(seed);
    MemorySource source;
    generator.Fill(kEndMs, &source);
    for (int i = 0; i < kQueriesPerSource && !HasFailure(); ++i) {
      succeeded += Check(source, generator.Vector(1 + i % 3)) ? 1 : 0;
    }
  }
  // The generator must not mostly make queries that fail.
  EXPECT_GT(succeeded, static_cast<int>(kSources) * kQueriesPerSource / 2);
}

}  // namespace
}  // namespace vigil::exec
