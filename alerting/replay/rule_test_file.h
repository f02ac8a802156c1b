// SPDX-License-Identifier: Apache-2.0
//
// Unit tests of rules as people write them: YAML in the format of `promtool test rules` -> the
// tests of a file. Says nothing of rules, series and expressions: those are read when a test runs,
// so that one that is wrong fails its test alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

namespace vigil::alerting {

// Where something begins in its file; both count from 1.
struct TextPlace {
  int line = 0;
  int column = 0;
};

// Labels or annotations. Unlike storage::Labels these may be empty, which makes a difference here.
using TextMap = std::map<std::string, std::string>;

struct TestSeries {
  TextPlace place;
  std::string series;  // `up{job="a"}`
  std::string values;  // In the notation of query/promql/series_values.h.
};

// The alerts of a name that are to fire at an instant.
struct AlertTest {
  struct Expected {
    TextPlace place;
    TextMap labels;  // Without alertname.
    TextMap annotations;
  };
  TextPlace place;
  int64_t eval_time_ms = 0;  // From the start of the test.
  std::string alert_name;
  std::vector<Expected> expected;
};

// What an expression is to give at an instant.
struct ExprTest {
  struct Expected {
    TextPlace place;
    std::string labels;
    double value = 0;
    std::string histogram;  // `{{...}}`, or empty.
  };
  TextPlace place;
  int64_t eval_time_ms = 0;
  std::string expr;
  std::vector<Expected> expected;
};

struct RuleTest {
  TextPlace place;
  std::string name;         // "unnamed#N" if the file gives none.
  int64_t interval_ms = 0;  // Between the values of series.
  int64_t start_ms = 0;     // Unix time.
  TextMap external_labels;
  std::string external_url;
  std::vector<TestSeries> series;
  std::vector<AlertTest> alert_tests;
  std::vector<ExprTest> expr_tests;
};

struct RuleTestFile {
  std::string path;
  std::vector<std::string> rule_files;  // Patterns, relative ones from the directory of `path`.
  int64_t evaluation_interval_ms = 60'000;
  std::vector<std::string> group_order;
  bool fuzzy_compare = false;  // Neighbouring numbers count as equal.
  std::vector<RuleTest> tests;
};

// InvalidArgument reads "FILE:LINE:COL: what is wrong", one line for each mistake.
absl::StatusOr<RuleTestFile> ParseRuleTestFile(std::string_view path, std::string_view yaml);

}  // namespace vigil::alerting
