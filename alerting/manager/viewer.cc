// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/viewer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "alerting/manager/group.h"
#include "alerting/manager/route.h"

namespace vigil::alerting {
namespace {

bool TakesReceiver(const AlertFilter& filter, std::string_view name) {
  return filter.receiver == nullptr || filter.receiver(name);
}

class Viewer {
 public:
  Viewer(const ManagerConfig& config, const ManagerState& state, const Muter& muter,
         const AlertFilter& filter, int64_t now_ms)
      : config_(config), state_(state), muter_(muter), filter_(filter), now_ms_(now_ms) {}

  // The alert as it is seen where `muted_by` keep its group quiet; nullopt if it is not asked for.
  std::optional<AlertView> View(const StoredAlert& stored,
                                const std::vector<std::string>& muted_by) const {
    const storage::Labels& labels = stored.alert.labels;
    if (stored.ResolvedAt(now_ms_) || !storage::MatchesAll(filter_.matchers, labels)) {
      return std::nullopt;
    }
    AlertView view = ViewLabels(config_, muter_, labels, now_ms_);
    view.muted_by = muted_by;
    // A time interval mutes a group, not its alerts: they stay active.
    const bool active = view.silenced_by.empty() && view.inhibited_by.empty();
    const bool hidden = (!filter_.active && active) ||
                        (!filter_.silenced && !view.silenced_by.empty()) ||
                        (!filter_.inhibited && !view.inhibited_by.empty()) ||
                        (!filter_.muted && !view.muted_by.empty());
    if (hidden) return std::nullopt;
    view.alert = stored.alert;
    view.fingerprint = stored.fingerprint;
    view.updated_at_ms = stored.updated_at_ms;
    ViewFlapping(stored, &view);
    for (const std::string& id : stored.groups) {
      const auto group = state_.groups.groups().find(id);
      if (group == state_.groups.groups().end() || view.held_until_ms.has_value()) continue;
      view.held_until_ms = state_.HeldUntil(*group->second.route, id, now_ms_);
    }
    return view;
  }

 private:
  void ViewFlapping(const StoredAlert& stored, AlertView* view) const {
    const FlapEntry* const flaps = state_.FindFlapping(stored, now_ms_);
    if (flaps == nullptr || !FlapOptionsFor(config_.route, stored.alert.labels).enabled()) return;
    view->flapping = true;
    view->alert.annotations = flaps->AddTo(stored.alert.annotations);
  }

  const ManagerConfig& config_;
  const ManagerState& state_;
  const Muter& muter_;
  const AlertFilter& filter_;
  const int64_t now_ms_;
};

GroupView ViewGroup(const Group& group, const ManagerState& state, const Muter& muter,
                    const Viewer& viewer, int64_t now_ms) {
  GroupView view;
  view.labels = group.labels;
  view.route_labels = group.route->labels;
  view.receiver = group.route->receiver;
  view.held_until_ms = state.HeldUntil(*group.route, group.id, now_ms);
  const std::vector<std::string> muted_by = muter.MutedBy(*group.route, now_ms);
  for (const uint64_t fingerprint : group.members) {
    const auto at = state.alerts.alerts().find(fingerprint);
    if (at == state.alerts.alerts().end()) continue;
    std::optional<AlertView> alert = viewer.View(at->second, muted_by);
    if (!alert.has_value()) continue;
    std::sort(alert->receivers.begin(), alert->receivers.end());
    view.alerts.push_back(*std::move(alert));
  }
  std::sort(view.alerts.begin(), view.alerts.end(), [](const AlertView& a, const AlertView& b) {
    return IsToldBefore(a.alert.labels, b.alert.labels);
  });
  return view;
}

}  // namespace

AlertView ViewLabels(const ManagerConfig& config, const Muter& muter, const storage::Labels& labels,
                     int64_t now_ms) {
  AlertView view;
  view.alert.labels = labels;
  view.silenced_by = muter.SilencedBy(labels, now_ms);
  if (const auto source = muter.InhibitedBy(labels, now_ms); source.has_value()) {
    view.inhibited_by.push_back(*source);
  }
  for (const Route* const route : MatchRoutes(config.route, labels)) {
    view.receivers.push_back(route->receiver);
  }
  return view;
}

std::vector<AlertView> ViewAlerts(const ManagerConfig& config, const ManagerState& state,
                                  const Muter& muter, const AlertFilter& filter, int64_t now_ms) {
  const Viewer viewer(config, state, muter, filter, now_ms);
  std::vector<AlertView> views;
  for (const auto& [fingerprint, stored] : state.alerts.alerts()) {
    std::optional<AlertView> view = viewer.View(stored, {});
    if (!view.has_value()) continue;
    const bool wanted =
        std::any_of(view->receivers.begin(), view->receivers.end(),
                    [&filter](const std::string& name) { return TakesReceiver(filter, name); });
    if (wanted) views.push_back(*std::move(view));
  }
  return views;
}

std::vector<GroupView> ViewGroups(const ManagerConfig& config, const ManagerState& state,
                                  const Muter& muter, const AlertFilter& filter, int64_t now_ms) {
  const Viewer viewer(config, state, muter, filter, now_ms);
  std::vector<GroupView> views;
  for (const auto& [id, group] : state.groups.groups()) {
    if (!TakesReceiver(filter, group.route->receiver)) continue;
    GroupView view = ViewGroup(group, state, muter, viewer, now_ms);
    if (!view.alerts.empty()) views.push_back(std::move(view));
  }
  std::stable_sort(views.begin(), views.end(), [](const GroupView& a, const GroupView& b) {
    if (a.labels != b.labels) return IsListedBefore(a.labels, b.labels);
    return a.receiver < b.receiver;
  });
  return views;
}

}  // namespace vigil::alerting
