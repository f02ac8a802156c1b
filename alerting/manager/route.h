// SPDX-License-Identifier: Apache-2.0
//
// The tree of routes: which receiver an alert goes to, how it is grouped and how often its group is
// told. A route as it stands here has inherited from its parents already.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/manager/budget.h"
#include "alerting/manager/flap_watch.h"
#include "base/clock.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::alerting {

// A node of the tree. A default one takes every alert and has Alertmanager's default timings.
struct Route {
  std::string receiver;
  std::vector<std::string> group_by;
  bool group_by_all = false;  // `group_by: ['...']`: every label.
  int64_t group_wait_ms = 30 * kMillisPerSecond;
  int64_t group_interval_ms = 5 * kMillisPerMinute;
  int64_t repeat_interval_ms = 4 * kMillisPerHour;
  std::vector<storage::Matcher> matchers;  // All must match.
  bool continue_matching = false;
  // Names of time intervals: nobody is told while one of the first contains the time, nor, if there
  // are any of the second, while none of these does. Not inherited.
  std::vector<std::string> mute_time_intervals;
  std::vector<std::string> active_time_intervals;
  storage::Labels labels;  // Handed to receivers as route labels.
  FlapOptions flap_detection;
  BudgetOptions notification_budget;
  bool own_budget = false;  // It is set here, not inherited.
  std::vector<Route> routes;

  // The matchers from the root down to here, `{}/{severity="page"}`; the first part of group keys.
  std::string key = "{}";
  // `key`, made unique by "#2", "#3" where several routes have the same; the first part of what
  // groups are kept under.
  std::string id = "{}";
  // `id` of the route whose budget this one shares, its own included; "": none.
  std::string budget_id;
};

// `{a="b",c!="d"}`, and one of them. What cannot stand without quotes is quoted.
std::string MatchersText(const std::vector<storage::Matcher>& matchers);
std::string MatcherText(const storage::Matcher& matcher);

// Sorts the matchers of the tree under `root` and fills in `key`, `id` and
// `budget_id`.
void NameRoutes(Route* root);

// The routes that take an alert with these labels, depth first: a child that takes it stops the
// scan of its siblings unless it says `continue`; a route none of whose children take it takes it
// itself. Pointers into `root`.
std::vector<const Route*> MatchRoutes(const Route& root, const storage::Labels& labels);

// Whether any route of the tree under `root` watches for flapping alerts.
bool WatchesFlaps(const Route& root);
// The options by which an alert with these labels flaps: those of the first route that takes it and
// has any. Off if there is none.
FlapOptions FlapOptionsFor(const Route& root, const storage::Labels& labels);

// The labels that alerts of one group share under `route`.
storage::Labels GroupLabels(const Route& route, const storage::Labels& labels);

// `prefix:{alertname="X", cluster="a"}`: a group's key when `prefix` is its route's key, what it is
// kept under when it is the route's id. Holds no line break.
std::string GroupName(std::string_view prefix, const storage::Labels& group_labels);

}  // namespace vigil::alerting
