// SPDX-License-Identifier: Apache-2.0
//
// Why an alert goes where it goes: the way of its labels through the tree of routes, step by step.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "alerting/manager/route.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

enum class RouteOutcome {
  kTaken,     // The alert goes to its receiver.
  kPassedOn,  // It matches, and a route below takes the alert.
  kNoMatch,
  kNotAsked,  // A route before it took the alert and does not continue.
};

// "taken", "passed on", "no match", "not asked".
std::string_view RouteOutcomeName(RouteOutcome outcome);

struct RouteStep {
  const Route* route = nullptr;
  int depth = 0;  // 0 for the root.
  RouteOutcome outcome = RouteOutcome::kNoMatch;
  std::string why;
};

// The routes under `root` in depth-first order, but for those below one that does not match or is
// not asked. The steps that are taken are the routes that MatchRoutes finds.
std::vector<RouteStep> ExplainRoutes(const Route& root, const storage::Labels& labels);

// All routes under `root` in depth-first order, without outcomes.
std::vector<RouteStep> ListRoutes(const Route& root);

}  // namespace vigil::alerting
