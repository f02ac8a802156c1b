// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/route_config.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "alerting/manager/matcher_config.h"

namespace vigil::alerting {
namespace {

// Far deeper and larger than people write; aliases can make a tree that refers to itself.
constexpr int kMaxRouteDepth = 64;
constexpr int kMaxRoutes = 10'000;

constexpr std::string_view kWildcard = "...";

class RouteReader {
 public:
  RouteReader(const std::vector<Receiver>& receivers, const std::vector<TimeInterval>& intervals,
              YamlErrors* errors)
      : receivers_(receivers), intervals_(intervals), errors_(errors) {}

  // Fills `*route`, which holds what it inherits.
  void Read(const YAML::Node& node, int depth, Route* route) {
    if (depth > kMaxRouteDepth || ++count_ > kMaxRoutes) {
      errors_->Add(
          node, fmt::format("more than {} routes, or deeper than {}", kMaxRoutes, kMaxRouteDepth));
      gave_up_ = true;
      return;
    }
    YamlMap map(node, "route", errors_);
    ReadReceiver(&map, node, depth == 0, route);
    ReadGroupBy(map.Take("group_by"), route);
    ReadTimings(&map, route);
    ReadMatchers(&map, node, depth == 0, route);
    ReadContinue(&map, node, depth == 0, route);
    ReadTimeIntervals(&map, node, depth == 0, route);
    ReadLabels(map.Take("labels"), route);
    ReadFlapDetection(map.Take("flap_detection"), &route->flap_detection);
    ReadBudget(map.Take("notification_budget"), route);
    ReadChildren(map.Take("routes"), depth, route);
    map.Finish();
  }

 private:
  void ReadReceiver(YamlMap* map, const YAML::Node& node, bool is_root, Route* route) {
    map->TakeString("receiver", &route->receiver);
    if (route->receiver.empty()) {
      if (is_root) errors_->Add(node, "root route must specify a default receiver");
      return;
    }
    if (!map->Has("receiver")) return;
    const bool known = std::any_of(receivers_.begin(), receivers_.end(),
                                   [&](const Receiver& r) { return r.name == route->receiver; });
    if (known) return;
    errors_->Add(map->Take("receiver"),
                 fmt::format("undefined receiver \"{}\" used in route", route->receiver));
  }

  void ReadGroupBy(const YAML::Node& node, Route* route) {
    if (node.IsNull()) return;
    if (!node.IsSequence()) return errors_->Add(node, "group_by must be a list of label names");
    route->group_by.clear();
    route->group_by_all = false;
    for (const YAML::Node& entry : node) {
      const std::string name = entry.IsScalar() ? entry.Scalar() : "";
      if (name == kWildcard) {
        if (route->group_by_all) errors_->Add(entry, "duplicated label \"...\" in group_by");
        route->group_by_all = true;
      } else if (!IsLabelName(name)) {
        errors_->Add(entry, fmt::format("invalid label name \"{}\" in group_by list", name));
      } else if (std::count(route->group_by.begin(), route->group_by.end(), name) > 0) {
        errors_->Add(entry, fmt::format("duplicated label \"{}\" in group_by", name));
      } else {
        route->group_by.push_back(name);
      }
    }
    if (route->group_by_all && !route->group_by.empty()) {
      errors_->Add(node, "cannot have wildcard group_by (`...`) and other labels at the same time");
    }
  }

  void ReadTimings(YamlMap* map, Route* route) {
    map->TakeDurationMs("group_wait", &route->group_wait_ms);
    if (map->TakeDurationMs("group_interval", &route->group_interval_ms) &&
        route->group_interval_ms == 0) {
      errors_->Add(map->Take("group_interval"), "group_interval cannot be zero");
    }
    if (map->TakeDurationMs("repeat_interval", &route->repeat_interval_ms) &&
        route->repeat_interval_ms == 0) {
      errors_->Add(map->Take("repeat_interval"), "repeat_interval cannot be zero");
    }
  }

  void ReadMatchers(YamlMap* map, const YAML::Node& node, bool is_root, Route* route) {
    ReadMatcherFields(map, "match", "match_re", "matchers", &route->matchers, errors_);
    if (is_root && !route->matchers.empty()) {
      errors_->Add(node, "root route must not have any matchers");
    }
  }

  void ReadContinue(YamlMap* map, const YAML::Node& node, bool is_root, Route* route) {
    map->TakeBool("continue", &route->continue_matching);
    if (is_root && route->continue_matching) {
      errors_->Add(node, "cannot have continue in root route");
    }
  }

  void ReadTimeIntervals(YamlMap* map, const YAML::Node& node, bool is_root, Route* route) {
    ReadIntervalNames(map, "mute_time_intervals", &route->mute_time_intervals);
    ReadIntervalNames(map, "active_time_intervals", &route->active_time_intervals);
    if (is_root && !route->mute_time_intervals.empty()) {
      errors_->Add(node, "root route must not have any mute time intervals");
    } else if (is_root && !route->active_time_intervals.empty()) {
      errors_->Add(node, "root route must not have any active time intervals");
    }
  }

  void ReadIntervalNames(YamlMap* map, std::string_view field, std::vector<std::string>* names) {
    const YAML::Node list = map->Take(field);
    if (!list.IsNull() && !list.IsSequence()) {
      return errors_->Add(list, fmt::format("{} must be a list of names", field));
    }
    for (const YAML::Node& entry : list) {
      const std::string name = entry.IsScalar() ? entry.Scalar() : "";
      names->push_back(name);
      const bool known =
          std::any_of(intervals_.begin(), intervals_.end(),
                      [&name](const TimeInterval& interval) { return interval.name == name; });
      if (known) continue;
      errors_->Add(entry, fmt::format("undefined time interval \"{}\" used in route", name));
    }
  }

  void ReadLabels(const YAML::Node& node, Route* route) {
    YamlMap map(node, "labels", errors_);
    storage::LabelsBuilder labels(route->labels);
    for (const std::string& name : map.Names()) {
      std::string value;
      map.TakeString(name, &value);
      if (!IsLabelName(name)) {
        errors_->Add(node, fmt::format("invalid label name \"{}\" in labels", name));
      } else if (value.find("{{") != std::string::npos) {
        errors_->Add(map.Take(name), "a template in route labels is not supported");
      } else {
        labels.Set(name, value);
      }
    }
    route->labels = labels.Build();
  }

  // `off` ends what a route above has set.
  static bool IsOff(const YAML::Node& node) { return node.IsScalar() && node.Scalar() == "off"; }

  // A time that must be given, and be more than none.
  void ReadStretch(std::string_view name, YamlMap* map, int64_t* out) {
    if (!map->TakeDurationMs(name, out) || *out > 0) return;
    errors_->Add(map->MarkOf(name), fmt::format("{} must be longer than 0", name));
  }

  // Whether `node` sets something; says what is missing of `fields`.
  bool HasAll(const YAML::Node& node, const YamlMap& map, std::string_view what,
              std::initializer_list<std::string_view> fields) {
    if (!node.IsMap()) return false;  // Said already.
    for (const std::string_view field : fields) {
      if (map.Has(field)) continue;
      errors_->Add(node, fmt::format("{} needs {}; `off` ends an inherited one", what, field));
      return false;
    }
    return true;
  }

  void ReadFlapDetection(const YAML::Node& node, FlapOptions* options) {
    if (node.IsNull()) return;
    *options = {};
    if (IsOff(node)) return;
    YamlMap map(node, "flap_detection", errors_);
    ReadStretch("within", &map, &options->within_ms);
    ReadStretch("calm", &map, &options->calm_ms);
    const bool given = map.TakeInt("changes", &options->changes);
    if (given && (options->changes < 2 || options->changes > kMaxFlapChanges)) {
      errors_->Add(
          map.MarkOf("changes"),
          fmt::format("changes must be from 2 to {}: an alert that fires once does not flap",
                      kMaxFlapChanges));
    }
    HasAll(node, map, "flap_detection", {"changes", "within", "calm"});
    map.Finish();
  }

  void ReadBudget(const YAML::Node& node, Route* route) {
    if (node.IsNull()) return;
    BudgetOptions& options = route->notification_budget;
    options = {};
    route->own_budget = false;
    if (IsOff(node)) return;
    YamlMap map(node, "notification_budget", errors_);
    ReadStretch("per", &map, &options.per_ms);
    const bool given = map.TakeInt("limit", &options.limit);
    if (given && (options.limit < 1 || options.limit > kMaxBudgetLimit)) {
      errors_->Add(
          map.MarkOf("limit"),
          fmt::format("limit must be from 1 to {}; to tell nobody, name a receiver without "
                      "integrations",
                      kMaxBudgetLimit));
    }
    route->own_budget = HasAll(node, map, "notification_budget", {"limit", "per"});
    map.Finish();
  }

  void ReadChildren(const YAML::Node& node, int depth, Route* route) {
    if (!node.IsNull() && !node.IsSequence()) {
      return errors_->Add(node, "routes must be a list of routes");
    }
    std::vector<Route> children;
    for (const YAML::Node& entry : node) {
      Route child = *route;  // Has no children yet.
      child.matchers.clear();
      child.mute_time_intervals.clear();
      child.active_time_intervals.clear();
      child.continue_matching = false;
      child.own_budget = false;
      Read(entry, depth + 1, &child);
      if (gave_up_) return;
      children.push_back(std::move(child));
    }
    route->routes = std::move(children);
  }

  const std::vector<Receiver>& receivers_;
  const std::vector<TimeInterval>& intervals_;
  YamlErrors* const errors_;
  int count_ = 0;
  bool gave_up_ = false;  // The tree has no end: said once, read no further.
};

}  // namespace

void ReadRootRoute(const YAML::Node& node, const std::vector<Receiver>& receivers,
                   const std::vector<TimeInterval>& intervals, Route* route, YamlErrors* errors) {
  RouteReader(receivers, intervals, errors).Read(node, 0, route);
}

}  // namespace vigil::alerting
