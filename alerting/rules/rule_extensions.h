// SPDX-License-Identifier: Apache-2.0
//
// What a rule may say beyond Prometheus (docs/format/rule_extensions.md), as it was read. A rule
// that says none of it behaves as Prometheus' does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::alerting {

enum class ThresholdOp : uint8_t { kGreater, kGreaterOrEqual, kLess, kLessOrEqual };
// ">", ">=", "<", "<=".
std::string_view ThresholdOpText(ThresholdOp op);

// A threshold with a name.
struct Level {
  std::string name;    // The value of Levels::label. "" for the only one of a ratio.
  double at = 0;       // Beyond it the level is entered,
  double recover = 0;  // no longer beyond this one it is left.
  friend bool operator==(const Level&, const Level&) = default;
};

// The expression gives the bare value; each level that it has reached is an alert of its own.
struct Levels {
  ThresholdOp op = ThresholdOp::kGreater;
  std::string label = "severity";
  std::vector<Level> levels;  // The mildest first. Not empty.
  friend bool operator==(const Levels&, const Levels&) = default;
};

// The value is errors / total, and a level is entered when the Wilson score interval of the ratio
// lies beyond it.
struct Ratio {
  std::string errors;  // PromQL: how many events were bad,
  std::string total;   // of how many.
  double confidence = 0.95;
  // Fewer say nothing: of one failure in two requests even the interval begins at 9 %.
  double min_events = 20;
  friend bool operator==(const Ratio&, const Ratio&) = default;
};

// The quotient as PromQL.
std::string RatioExpr(const Ratio& ratio);

// What becomes of an alert whose data are gone.
enum class NoDataAction : uint8_t {
  kResolve,  // It is resolved, for want of data: as Prometheus does, with the reason told.
  kOk,       // It is resolved as if it had got better.
  kKeep,     // It stays what it is.
  kAlert,    // It goes on, and where there is none, one begins.
};

struct NoDataPolicy {
  NoDataAction action = NoDataAction::kResolve;
  // kKeep and kAlert end when data have been gone for so long.
  int64_t forget_ms = 86'400'000;
  friend bool operator==(const NoDataPolicy&, const NoDataPolicy&) = default;
};

// While some of the series that used to be there are missing, no alert is resolved.
struct PartialDataPolicy {
  bool keep = false;
  // Data are partial when fewer than this share of the series are there that were there
  double below = 1;
  // at some time within this window.
  int64_t window_ms = 3'600'000;
  friend bool operator==(const PartialDataPolicy&, const PartialDataPolicy&) = default;
};

struct RuleExtensions {
  std::optional<Levels> levels;
  std::optional<Ratio> ratio;  // With levels: its own threshold is an unnamed one.
  NoDataPolicy no_data;
  PartialDataPolicy partial_data;
  int64_t late_data_ms = 0;  // So old evaluations are looked at again. 0: none.

  friend bool operator==(const RuleExtensions&, const RuleExtensions&) = default;
};

}  // namespace vigil::alerting
