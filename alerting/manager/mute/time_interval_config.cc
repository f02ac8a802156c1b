// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/time_interval_config.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Range = TimeCondition::Range;

constexpr std::string_view kWeekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                          "thursday", "friday", "saturday"};
constexpr std::string_view kMonths[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
constexpr int kLongestMonth = 31;
constexpr int kShortestMonth = 28;
constexpr int kMinutesPerHour = 60;
constexpr int kMinutesPerDay = 24 * kMinutesPerHour;

absl::Status Wrong(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }

absl::StatusOr<int> ParseNumber(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Wrong(fmt::format("\"{}\" is not a number", text));
  }
  return number;
}

std::optional<int> IndexOf(std::span<const std::string_view> names, std::string_view text) {
  const auto at = std::find(names.begin(), names.end(), ToLower(text));
  if (at == names.end()) return std::nullopt;
  return static_cast<int>(at - names.begin());
}

absl::StatusOr<int> ParseWeekday(std::string_view text) {
  if (const auto index = IndexOf(kWeekdays, text); index.has_value()) return *index;
  return Wrong(fmt::format("{} is not a valid weekday", text));
}

absl::StatusOr<int> ParseMonth(std::string_view text) {
  if (const auto index = IndexOf(kMonths, text); index.has_value()) return *index + 1;
  const absl::StatusOr<int> number = ParseNumber(text);
  if (number.ok()) return *number;
  return Wrong(fmt::format("{} is not a valid month", text));
}

absl::StatusOr<int> ParseDay(std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(const int day, ParseNumber(text));
  if (day == 0 || day > kLongestMonth || day < -kLongestMonth) {
    return Wrong(fmt::format("{} is not a valid day of the month: out of range", day));
  }
  return day;
}

// `first:last`, or one value that is both.
absl::StatusOr<Range> ParseRange(std::string_view text,
                                 absl::StatusOr<int> (*parse)(std::string_view)) {
  const std::vector<std::string_view> ends = Split(text, ':');
  if (ends.size() > 2) return Wrong(fmt::format("couldn't parse range {}, invalid format", text));
  Range range;
  VIGIL_ASSIGN_OR_RETURN(range.first, parse(ends.front()));
  VIGIL_ASSIGN_OR_RETURN(range.last, parse(ends.back()));
  return range;
}

absl::StatusOr<Range> ParseWeekdays(std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(const Range range, ParseRange(text, ParseWeekday));
  if (range.last < range.first) return Wrong("start day cannot be before end day");
  return range;
}

absl::StatusOr<Range> ParseMonths(std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(const Range range, ParseRange(text, ParseMonth));
  if (range.last < range.first) {
    return Wrong(fmt::format("end month {} is before start month {}", range.last, range.first));
  }
  return range;
}

absl::StatusOr<Range> ParseYears(std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(const Range range, ParseRange(text, ParseNumber));
  if (range.last < range.first) {
    return Wrong(fmt::format("end year {} is before start year {}", range.last, range.first));
  }
  return range;
}

absl::StatusOr<Range> ParseDays(std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(const Range range, ParseRange(text, ParseDay));
  if (range.first < 0 && range.last > 0) {
    return Wrong("end day must be negative if start day is negative");
  }
  // What could be right in long months only is taken for a mistake, as Alertmanager does it.
  const bool counts_both_ways = range.first > 0 && range.last < 0;
  const int last = counts_both_ways ? kShortestMonth + range.last : range.last;
  if (last < range.first) {
    return Wrong(fmt::format("end day {} is always before start day {}", range.last, range.first));
  }
  return range;
}

// `HH:MM`, up to 24:00.
absl::StatusOr<int> ParseTimeOfDay(std::string_view text) {
  const auto digit = [text](size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  const auto number = [text](size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  if (text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4)) {
    const int minutes = number(0) * kMinutesPerHour + number(3);
    if (number(3) < kMinutesPerHour && minutes <= kMinutesPerDay) return minutes;
  }
  return Wrong(fmt::format("couldn't parse timestamp {}, invalid format", text));
}

class IntervalReader {
 public:
  explicit IntervalReader(YamlErrors* errors) : errors_(errors) {}

  TimeInterval Read(const YAML::Node& node, std::string_view what) {
    TimeInterval interval;
    YamlMap map(node, what, errors_);
    map.TakeString("name", &interval.name);
    if (interval.name.empty()) errors_->Add(node, fmt::format("missing name in {}", what));
    for (const YAML::Node& entry : TakeList(&map, "time_intervals")) {
      interval.conditions.push_back(ReadCondition(entry));
    }
    map.Finish();
    return interval;
  }

 private:
  // The list `name`; null, with an error if it is something else.
  YAML::Node TakeList(YamlMap* map, std::string_view name) {
    const YAML::Node node = map->Take(name);
    if (node.IsNull() || node.IsSequence()) return node;
    errors_->Add(node, fmt::format("{} must be a list", name));
    return YAML::Node(YAML::NodeType::Null);
  }

  TimeCondition ReadCondition(const YAML::Node& node) {
    TimeCondition condition;
    YamlMap map(node, "time interval", errors_);
    ReadTimes(TakeList(&map, "times"), &condition.minutes);
    ReadRanges(&map, "weekdays", ParseWeekdays, &condition.weekdays);
    ReadRanges(&map, "days_of_month", ParseDays, &condition.days_of_month);
    ReadRanges(&map, "months", ParseMonths, &condition.months);
    ReadRanges(&map, "years", ParseYears, &condition.years);
    std::string zone;
    if (map.TakeString("location", &zone)) ReadZone(map.Take("location"), zone, &condition.zone);
    map.Finish();
    return condition;
  }

  void ReadRanges(YamlMap* map, std::string_view name,
                  absl::StatusOr<Range> (*parse)(std::string_view), std::vector<Range>* ranges) {
    for (const YAML::Node& entry : TakeList(map, name)) {
      const absl::StatusOr<Range> range = parse(entry.IsScalar() ? entry.Scalar() : "");
      if (range.ok()) {
        ranges->push_back(*range);
      } else {
        errors_->Add(entry, MessageOf(range.status()));
      }
    }
  }

  void ReadTimes(const YAML::Node& list, std::vector<Range>* minutes) {
    for (const YAML::Node& entry : list) {
      YamlMap map(entry, "times", errors_);
      std::string start;
      std::string end;
      map.TakeString("start_time", &start);
      map.TakeString("end_time", &end);
      if (start.empty() || end.empty()) {
        errors_->Add(entry, "both start and end times must be provided");
      } else {
        const absl::StatusOr<int> first = ParseTimeOfDay(start);
        const absl::StatusOr<int> last = ParseTimeOfDay(end);
        if (!first.ok()) errors_->Add(map.Take("start_time"), MessageOf(first.status()));
        if (!last.ok()) errors_->Add(map.Take("end_time"), MessageOf(last.status()));
        if (first.ok() && last.ok() && *first >= *last) {
          errors_->Add(entry, "start time cannot be equal or greater than end time");
        } else if (first.ok() && last.ok()) {
          minutes->push_back({*first, *last - 1});
        }
      }
      map.Finish();
    }
  }

  void ReadZone(const YAML::Node& node, const std::string& name, absl::TimeZone* zone) {
    if (name.empty()) return;
    if (name == "Local") {
      *zone = absl::LocalTimeZone();
    } else if (!absl::LoadTimeZone(name, zone)) {
      errors_->Add(node, fmt::format("unknown time zone {}", name));
    }
  }

  YamlErrors* const errors_;
};

}  // namespace

void ReadTimeIntervals(const YAML::Node& node, std::string_view what,
                       std::vector<TimeInterval>* intervals, YamlErrors* errors) {
  if (node.IsNull()) return;
  if (!node.IsSequence()) return errors->Add(node, fmt::format("{}s must be a list", what));
  IntervalReader reader(errors);
  for (const YAML::Node& entry : node) {
    TimeInterval interval = reader.Read(entry, what);
    const bool taken = std::any_of(intervals->begin(), intervals->end(), [&](const auto& other) {
      return !interval.name.empty() && other.name == interval.name;
    });
    if (taken) errors->Add(entry, fmt::format("{} \"{}\" is not unique", what, interval.name));
    intervals->push_back(std::move(interval));
  }
}

}  // namespace vigil::alerting
