// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/route.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::alerting {
namespace {

using storage::Labels;
using storage::Matcher;

// What cannot stand in a label name without quotes.
constexpr std::string_view kReserved = "{}!=~,\\\"'` \t\r\n";

void NameRoute(Route* route, std::string_view prefix, std::string_view budget_id,
               StringMap<int>* seen) {
  std::sort(route->matchers.begin(), route->matchers.end(), [](const Matcher& a, const Matcher& b) {
    return std::tuple(a.name(), a.value(), a.type()) < std::tuple(b.name(), b.value(), b.type());
  });
  route->key = fmt::format("{}{}", prefix, MatchersText(route->matchers));
  const int count = ++(*seen)[route->key];
  route->id = count == 1 ? route->key : fmt::format("{}#{}", route->key, count);
  route->budget_id = route->own_budget ? route->id : budget_id;
  if (!route->notification_budget.enabled()) route->budget_id.clear();
  const std::string child_prefix = fmt::format("{}/", route->key);
  for (Route& child : route->routes) NameRoute(&child, child_prefix, route->budget_id, seen);
}

bool Match(const Route& route, const Labels& labels, std::vector<const Route*>* found) {
  if (!storage::MatchesAll(route.matchers, labels)) return false;
  const size_t before = found->size();
  for (const Route& child : route.routes) {
    if (Match(child, labels, found) && !child.continue_matching) break;
  }
  if (found->size() == before) found->push_back(&route);
  return true;
}

}  // namespace

std::string MatcherText(const Matcher& matcher) {
  const bool plain = matcher.name().find_first_of(kReserved) == std::string::npos;
  return fmt::format("{}{}{}", plain ? matcher.name() : storage::Quote(matcher.name()),
                     storage::MatchOperator(matcher.type()), storage::Quote(matcher.value()));
}

std::string MatchersText(const std::vector<Matcher>& matchers) {
  std::string text = "{";
  for (const Matcher& matcher : matchers) {
    if (text.size() > 1) text += ',';
    text += MatcherText(matcher);
  }
  return text + "}";
}

void NameRoutes(Route* root) {
  StringMap<int> seen;
  NameRoute(root, "", "", &seen);
}

std::vector<const Route*> MatchRoutes(const Route& root, const Labels& labels) {
  std::vector<const Route*> found;
  Match(root, labels, &found);
  return found;
}

bool WatchesFlaps(const Route& root) {
  return root.flap_detection.enabled() ||
         std::any_of(root.routes.begin(), root.routes.end(), WatchesFlaps);
}

FlapOptions FlapOptionsFor(const Route& root, const Labels& labels) {
  for (const Route* const route : MatchRoutes(root, labels)) {
    if (route->flap_detection.enabled()) return route->flap_detection;
  }
  return {};
}

Labels GroupLabels(const Route& route, const Labels& labels) {
  return route.group_by_all ? labels : labels.KeepOnly(route.group_by);
}

std::string GroupName(std::string_view prefix, const Labels& group_labels) {
  std::string name = fmt::format("{}:{{", prefix);
  bool first = true;
  for (const storage::LabelView& label : group_labels) {
    name += fmt::format("{}{}={}", first ? "" : ", ", label.name, storage::Quote(label.value));
    first = false;
  }
  return name + "}";
}

}  // namespace vigil::alerting
