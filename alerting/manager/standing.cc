// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/standing.h"

#include <algorithm>
#include <utility>

#include "alerting/manager/flap_watch.h"
#include "alerting/manager/route.h"

namespace vigil::alerting {
namespace {

bool Holds(const std::vector<uint64_t>& sorted, uint64_t fingerprint) {
  return std::binary_search(sorted.begin(), sorted.end(), fingerprint);
}

class Inspector {
 public:
  Inspector(const ManagerConfig& config, const ManagerState& state, const Muter& muter,
            const std::function<bool(const Integration&)>& is_open, const storage::Labels& labels,
            int64_t now_ms)
      : config_(config),
        state_(state),
        muter_(muter),
        is_open_(is_open),
        labels_(labels),
        fingerprint_(Fingerprint(labels)),
        now_ms_(now_ms) {}

  AlertStanding Inspect() const {
    AlertStanding standing;
    const auto& alerts = state_.alerts.alerts();
    const auto at = alerts.find(fingerprint_);
    if (at != alerts.end() && !at->second.ResolvedAt(now_ms_)) standing.alert = at->second.alert;
    for (const std::string& id : muter_.SilencedBy(labels_, now_ms_)) {
      if (const Silence* silence = state_.silences.Find(id)) standing.silences.push_back(*silence);
    }
    if (const auto source = muter_.InhibitedBy(labels_, now_ms_); source.has_value()) {
      const auto found = alerts.find(*source);
      if (found != alerts.end()) standing.inhibited_by = found->second.alert.labels;
    }
    const FlapEntry* const flaps =
        at == alerts.end() ? nullptr : state_.FindFlapping(at->second, now_ms_);
    if (flaps != nullptr && FlapOptionsFor(config_.route, labels_).enabled()) {
      standing.flapping = flaps->Text();
    }
    for (const Route* const route : MatchRoutes(config_.route, labels_)) {
      standing.routes.push_back(InspectRoute(*route));
    }
    return standing;
  }

 private:
  RouteStanding InspectRoute(const Route& route) const {
    RouteStanding standing;
    standing.route = route.key;
    standing.receiver = route.receiver;
    standing.group_by = route.group_by;
    standing.group_by_all = route.group_by_all;
    standing.group_wait_ms = route.group_wait_ms;
    standing.group_interval_ms = route.group_interval_ms;
    standing.repeat_interval_ms = route.repeat_interval_ms;
    standing.group_id = GroupName(route.id, GroupLabels(route, labels_));
    standing.muted_by = muter_.MutedBy(route, now_ms_);
    const auto group = state_.groups.groups().find(standing.group_id);
    if (group != state_.groups.groups().end() && group->second.members.contains(fingerprint_)) {
      standing.next_flush_ms = group->second.next_flush_ms;
      standing.flushed = group->second.flushed;
    }
    standing.held_until_ms = state_.HeldUntil(route, standing.group_id, now_ms_);
    const Receiver* const receiver = config_.FindReceiver(route.receiver);
    const int count = receiver == nullptr ? 0 : static_cast<int>(receiver->channels.size());
    for (int place = 0; place < count; ++place) {
      const Channel& channel = *receiver->channels[place];
      standing.integrations.push_back(
          InspectIntegration({standing.group_id, receiver->name, receiver->IndexOf(place),
                              std::string(channel.kind())},
                             channel.send_resolved()));
    }
    return standing;
  }

  IntegrationStanding InspectIntegration(Integration integration, bool send_resolved) const {
    IntegrationStanding standing;
    const std::string key = integration.Key();
    standing.send_resolved = send_resolved;
    standing.breaker_open = is_open_(integration);
    const LogEntry* const last = state_.log.Find(key, now_ms_);
    if (last != nullptr && Holds(last->told.firing, fingerprint_)) {
      standing.told_at_ms = last->timestamp_ms;
    }
    if (const OutboxEntry* entry = WaitingFor(integration); entry != nullptr) {
      standing.waiting = {entry->id,       entry->flushed_at_ms, entry->next_attempt_ms,
                          entry->attempts, entry->last_error,    entry->in_flight};
    }
    standing.integration = std::move(integration);
    return standing;
  }

  // What of the outbox tells the integration of the alert: a notification of its own, or a digest.
  const OutboxEntry* WaitingFor(const Integration& integration) const {
    const auto tells = [this](const AlertSets& told) {
      return Holds(told.firing, fingerprint_) || Holds(told.resolved, fingerprint_);
    };
    const auto& entries = state_.outbox.entries();
    const auto own = entries.find(integration.Key());
    if (own != entries.end() && tells(own->second.told)) return &own->second;
    const OutboxEntry* const digest = state_.outbox.FindDigestFor(integration);
    const bool covers = digest != nullptr && tells(digest->covers.at(integration.group_id));
    return covers ? digest : nullptr;
  }

  const ManagerConfig& config_;
  const ManagerState& state_;
  const Muter& muter_;
  const std::function<bool(const Integration&)>& is_open_;
  const storage::Labels& labels_;
  const uint64_t fingerprint_;
  const int64_t now_ms_;
};

}  // namespace

AlertStanding StandingOf(const ManagerConfig& config, const ManagerState& state, const Muter& muter,
                         const std::function<bool(const Integration&)>& is_open,
                         const storage::Labels& labels, int64_t now_ms) {
  return Inspector(config, state, muter, is_open, labels, now_ms).Inspect();
}

}  // namespace vigil::alerting
