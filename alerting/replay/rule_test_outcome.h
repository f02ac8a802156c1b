// SPDX-License-Identifier: Apache-2.0
//
// What came of unit tests of rules.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alerting/replay/rule_test_file.h"
#include "storage/model/histogram.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// A firing alert.
struct TestAlert {
  TextMap labels;
  TextMap annotations;
  friend auto operator<=>(const TestAlert&, const TestAlert&) = default;
};

// An element of the result of an expression.
struct TestSample {
  storage::Labels labels;
  double value = 0;
  std::shared_ptr<const storage::Histogram> histogram;  // Instead of the value, if not null.
};

struct RuleTestFailure {
  enum class Kind : uint8_t {
    kSetup,   // The test could not run.
    kRule,    // A rule failed; the test ends there.
    kAlerts,  // Other alerts fired than were expected.
    kExpr,    // An expression failed or gave something else.
  };
  Kind kind = Kind::kSetup;
  TextPlace place;      // The case that failed, the test if it was none.
  int64_t time_ms = 0;  // From the start of the test.
  std::string subject;  // The alert, the rule, the expression; empty for kSetup.
  std::string message;  // Why there is no result to compare; empty if there is.
  std::vector<TestAlert> expected_alerts;
  std::vector<TestAlert> got_alerts;
  std::vector<TestSample> expected_samples;
  std::vector<TestSample> got_samples;
  std::string difference;  // In lines, for people.
};

struct RuleTestOutcome {
  std::string name;
  TextPlace place;
  std::vector<RuleTestFailure> failures;
  double seconds = 0;
};

struct RuleTestFileOutcome {
  std::string path;
  std::vector<std::string> warnings;
  // Why no test could run: mistakes in this file or in the rules, with their places.
  std::string error;
  std::vector<RuleTestOutcome> tests;  // Those that were asked for; not run if there is an error.

  size_t FailedTests() const;
  bool ok() const { return error.empty() && FailedTests() == 0; }
};

// "setup", "rule", "alerts" or "expr".
std::string_view FailureKindName(RuleTestFailure::Kind kind);

}  // namespace vigil::alerting
