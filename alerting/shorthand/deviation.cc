// SPDX-License-Identifier: Apache-2.0
#include "alerting/shorthand/deviation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "alerting/shorthand/shorthand_fields.h"
#include "base/clock.h"
#include "base/duration.h"

namespace vigil::alerting {
namespace {

// Each is a subquery of its own.
constexpr double kMaxSeasons = 26;
// The mean of fewer says little, and their deviation nothing.
constexpr int kFewestSeasons = 2;
// How often the hour is looked at.
constexpr int64_t kPointsPerWindow = 12;

class DeviationExpander {
 public:
  DeviationExpander(const YAML::Node& node, const std::string& context, MistakeList* mistakes)
      : reader_(node, context,
                {"alert", "expr", "season", "seasons", "at_least", "window", "sigmas", "min_share",
                 "direction", "for", "labels", "annotations"},
                mistakes) {}

  std::vector<PlainRule> Expand() {
    Read();
    if (!reader_.ok()) return {};
    std::vector<PlainRule> rules = {Recording("deviation:value", expr_)};
    for (int i = 1; i <= static_cast<int>(seasons_); ++i) rules.push_back(Past(i));
    rules.push_back(Recording("deviation:mean", OverSeasons("avg")));
    rules.push_back(Recording("deviation:stddev", OverSeasons("stddev")));
    rules.push_back(Alert());
    return rules;
  }

 private:
  void Read() {
    if (reader_.Require("alert")) reader_.Text("alert", &alert_);
    if (reader_.Require("expr")) reader_.Expr("expr", &expr_);
    while (!expr_.empty() && expr_.back() == '\n') expr_.pop_back();
    ReadPositiveDuration(&reader_, "season", &season_ms_);
    ReadCount("seasons", &seasons_);
    at_least_ = std::min(at_least_, seasons_);
    ReadCount("at_least", &at_least_);
    ReadPositiveDuration(&reader_, "window", &window_ms_);
    ReadPositive(&reader_, "sigmas", &sigmas_);
    reader_.Number("min_share", &min_share_);
    reader_.Text("direction", &direction_);
    reader_.Duration("for", &for_ms_);
    reader_.Texts("labels", &labels_);
    reader_.Texts("annotations", &annotations_);
    if (at_least_ > seasons_) {
      reader_.Mistake("at_least", "\"at_least\" must be at most \"seasons\"");
    }
    if (min_share_ < 0) reader_.Mistake("min_share", "\"min_share\" must not be negative");
    if (window_ms_ >= season_ms_) {
      reader_.Mistake("window", "\"window\" must be less than \"season\"");
    }
    if (direction_ != "both" && direction_ != "above" && direction_ != "below") {
      reader_.Mistake("direction", fmt::format("\"direction\" must be one of both, above, below, "
                                               "not \"{}\"",
                                               direction_));
    }
  }

  void ReadCount(std::string_view name, double* count) {
    if (!reader_.Number(name, count)) return;
    if (*count >= kFewestSeasons && *count <= kMaxSeasons && *count == std::floor(*count)) return;
    reader_.Mistake(name, fmt::format("\"{}\" must be a whole number from {} to {}", name,
                                      kFewestSeasons, kMaxSeasons));
  }

  PlainRule Recording(std::string record, std::string expr) const {
    PlainRule rule;
    rule.record = std::move(record);
    rule.expr = std::move(expr);
    rule.labels = {{"deviation", alert_}};
    return rule;
  }

  // The mean over the hour around this time of day, `number` seasons ago.
  PlainRule Past(int number) const {
    const int64_t step_ms = std::max<int64_t>(window_ms_ / kPointsPerWindow, 1'000);
    const int64_t offset_ms = number * season_ms_ - window_ms_ / 2;
    PlainRule rule = Recording(
        "deviation:past",
        fmt::format("avg_over_time(({})[{}:{}] offset {})", expr_, FormatDurationMs(window_ms_),
                    FormatDurationMs(step_ms), FormatDurationMs(offset_ms)));
    rule.labels.emplace_back("season", fmt::to_string(number));
    return rule;
  }

  std::string Series(std::string_view name) const {
    return fmt::format("{}{}", name, EqualMatcher("deviation", alert_));
  }

  std::string OverSeasons(std::string_view aggregation) const {
    const std::string past = Series("deviation:past");
    return fmt::format("{} without (season) ({}) and count without (season) ({}) >= {}",
                       aggregation, past, past, NumberText(at_least_));
  }

  PlainRule Alert() const {
    const std::string value = Series("deviation:value");
    const std::string mean = Series("deviation:mean");
    const std::string distance = direction_ == "above"   ? fmt::format("{} - {}", value, mean)
                                 : direction_ == "below" ? fmt::format("{} - {}", mean, value)
                                                         : fmt::format("abs({} - {})", value, mean);
    PlainRule rule;
    rule.alert = alert_;
    rule.for_ms = for_ms_;
    // The first part gives the value that the alert shows.
    rule.expr = fmt::format("{}\nand {} > {} * {}\nand {} > {} * abs({})", value, distance,
                            NumberText(sigmas_), Series("deviation:stddev"), distance,
                            NumberText(min_share_), mean);
    rule.labels = labels_;
    rule.annotations = MergePairs(
        {{"summary",
          fmt::format("{{{{ $value | humanize }}}} is not what it was at this time of past {}",
                      season_ms_ == kMillisPerDay ? "days" : "weeks")}},
        annotations_);
    return rule;
  }

  FieldReader reader_;
  std::string alert_;
  std::string expr_;
  int64_t season_ms_ = 7 * kMillisPerDay;
  double seasons_ = 4;
  double at_least_ = 3;
  int64_t window_ms_ = 3'600'000;
  double sigmas_ = 3;
  double min_share_ = 0.1;
  std::string direction_ = "both";
  int64_t for_ms_ = 0;
  TextPairs labels_;
  TextPairs annotations_;
};

}  // namespace

std::vector<PlainRule> ExpandDeviation(const YAML::Node& node, const std::string& context,
                                       MistakeList* mistakes) {
  return DeviationExpander(node, context, mistakes).Expand();
}

}  // namespace vigil::alerting
