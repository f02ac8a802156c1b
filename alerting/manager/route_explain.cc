// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/route_explain.h"

#include <fmt/format.h>

namespace vigil::alerting {
namespace {

using storage::Labels;
using storage::Matcher;

// The first condition that the labels do not meet.
std::string Mismatch(const Route& route, const Labels& labels) {
  for (const Matcher& matcher : route.matchers) {
    const std::string_view value = labels.Get(matcher.name());
    if (matcher.Matches(value)) continue;
    return value.empty() ? fmt::format("{}: there is no {}", MatcherText(matcher), matcher.name())
                         : fmt::format("{}: {} is {}", MatcherText(matcher), matcher.name(),
                                       storage::Quote(value));
  }
  return "";
}

class Explainer {
 public:
  explicit Explainer(const Labels& labels) : labels_(labels) {}

  // Whether the route or one below it takes the alert.
  bool Visit(const Route& route, int depth) {
    const size_t at = steps_.size();
    steps_.push_back({&route, depth, RouteOutcome::kNoMatch, Mismatch(route, labels_)});
    if (!storage::MatchesAll(route.matchers, labels_)) return false;
    bool taken = false;
    const Route* last = nullptr;  // The child that ended the scan.
    for (const Route& child : route.routes) {
      if (last != nullptr) {
        steps_.push_back(
            {&child, depth + 1, RouteOutcome::kNotAsked,
             fmt::format("{} took it and does not continue", MatchersText(last->matchers))});
      } else if (Visit(child, depth + 1)) {
        taken = true;
        if (!child.continue_matching) last = &child;
      }
    }
    steps_[at].outcome = taken ? RouteOutcome::kPassedOn : RouteOutcome::kTaken;
    if (!taken && !route.routes.empty()) {
      steps_[at].why = "no route below it matches";
    } else if (!taken && route.continue_matching) {
      steps_[at].why = "and continues";
    }
    return true;
  }

  std::vector<RouteStep> Take() { return std::move(steps_); }

 private:
  const Labels& labels_;
  std::vector<RouteStep> steps_;
};

void List(const Route& route, int depth, std::vector<RouteStep>* steps) {
  steps->push_back({&route, depth, RouteOutcome::kNoMatch, ""});
  for (const Route& child : route.routes) List(child, depth + 1, steps);
}

}  // namespace

std::string_view RouteOutcomeName(RouteOutcome outcome) {
  switch (outcome) {
    case RouteOutcome::kTaken:
      return "taken";
    case RouteOutcome::kPassedOn:
      return "passed on";
    case RouteOutcome::kNoMatch:
      return "no match";
    case RouteOutcome::kNotAsked:
      return "not asked";
  }
  return "";
}

std::vector<RouteStep> ExplainRoutes(const Route& root, const Labels& labels) {
  Explainer explainer(labels);
  explainer.Visit(root, 0);
  return explainer.Take();
}

std::vector<RouteStep> ListRoutes(const Route& root) {
  std::vector<RouteStep> steps;
  List(root, 0, &steps);
  return steps;
}

}  // namespace vigil::alerting
