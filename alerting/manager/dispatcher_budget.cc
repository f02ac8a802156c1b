// SPDX-License-Identifier: Apache-2.0
//
// What becomes of news when its route's budget is spent: its group is held, and once the window
// frees one digest for each receiver tells of all groups that are. As long as any group is held all
// news of the budget is, so that nothing overtakes. A digest that waits in the outbox stands for
// the notifications that its groups would have there; when one of them has news, the digest is made
// anew, which costs nothing.
#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "alerting/manager/digest.h"
#include "alerting/manager/dispatcher.h"
#include "alerting/manager/stages.h"
#include "base/clock.h"
#include "base/metrics.h"

namespace vigil::alerting {
namespace {

// A digest that waits is made anew no more often than this, unless it is about to be sent: in a
// storm it tells of a thousand groups, each of which changes.
constexpr int64_t kRenewalPauseMs = 10 * kMillisPerSecond;

void CollectBudgetRoutes(const Route& route,
                         std::map<std::string, const Route*, std::less<>>* routes) {
  if (route.own_budget) (*routes)[route.id] = &route;
  for (const Route& child : route.routes) CollectBudgetRoutes(child, routes);
}

Counter& HeldCounter() {
  static Counter& counter =
      GetCounter("vigil_alertmanager_notifications_held_total",
                 "Notifications that were held because a route's budget was spent.");
  return counter;
}

Counter& DigestCounter() {
  static Counter& counter =
      GetCounter("vigil_alertmanager_digests_total", "Digests that were told in their place.");
  return counter;
}

// When a digest that waits may be made anew.
int64_t RenewableAt(const OutboxEntry& digest) {
  return std::min(digest.flushed_at_ms + kRenewalPauseMs, digest.next_attempt_ms);
}

bool Contains(const std::vector<uint64_t>& sorted, uint64_t fingerprint) {
  return std::binary_search(sorted.begin(), sorted.end(), fingerprint);
}

bool WasTold(const LogEntry* last, uint64_t fingerprint) {
  return last != nullptr &&
         (Contains(last->told.firing, fingerprint) || Contains(last->told.resolved, fingerprint));
}

}  // namespace

// A digest for one integration while it is made.
struct Dispatcher::DigestDraft {
  DigestWriter writer;
  std::map<std::string, AlertSets> covers;
  std::vector<std::pair<Group*, int>> groups;  // With the place of the channel in the receiver.
  std::vector<StoredAlert*> alerts;
};

const Route* Dispatcher::RouteOf(const Integration& integration) const {
  const Group* const group = state_->groups.Find(integration.group_id);
  if (group != nullptr) return group->route;
  const auto at = budget_routes_.find(BudgetOfDigest(integration.group_id));
  return at == budget_routes_.end() ? nullptr : at->second;
}

void Dispatcher::ForgetSpent(int64_t now_ms) {
  for (auto& [id, budget] : state_->budgets) {
    if (budget.Forget(budget_routes_.at(id)->notification_budget, now_ms)) state_->ChangeBudget(id);
  }
}

// Lets go of groups that are no longer of the budget that held them: they are told at their next
// flush.
void Dispatcher::ReconcileBudgets(int64_t now_ms) {
  budget_routes_.clear();
  CollectBudgetRoutes(config_->route, &budget_routes_);
  std::vector<std::string> gone;
  for (auto& [id, budget] : state_->budgets) {
    if (!budget_routes_.contains(id)) {
      gone.push_back(id);
      continue;
    }
    const Budget::HeldGroups held = budget.held();
    for (const auto& [group_id, since_ms] : held) {
      const Group* const group = state_->groups.Find(group_id);
      if (group != nullptr && group->route->budget_id == id) continue;
      state_->ChangeBudget(id)->LetGo(group_id);
    }
    budget.due_ms = budget.held().empty() ? kNever : now_ms;
  }
  for (const std::string& id : gone) state_->RemoveBudget(id);
}

// Whether a digest of the outbox still has a receiver and a budget. One under way whose budget is
// gone stays until it is known how it ends.
bool Dispatcher::KeepDigest(const OutboxEntry& digest, int64_t now_ms) {
  const Integration& integration = digest.integration;
  const Receiver* const receiver = config_->FindReceiver(integration.receiver);
  const int place =
      receiver == nullptr ? -1 : receiver->PlaceOf(integration.kind, integration.index);
  if (place < 0) return false;
  const std::string budget_id(BudgetOfDigest(integration.group_id));
  if (!budget_routes_.contains(budget_id) && !digest.in_flight) return false;
  for (const auto& [group_id, told] : digest.covers) {
    Group* const group = state_->groups.Find(group_id);
    if (group == nullptr || group->route->receiver != integration.receiver) continue;
    group->unsettled.insert(place);
  }
  // Whatever of it was known to be outdated, or is now.
  if (!digest.in_flight) Outdate(digest, now_ms);
  return true;
}

// Has a digest of the outbox made anew, because it tells what is no longer so.
void Dispatcher::Outdate(const OutboxEntry& digest, int64_t now_ms) {
  const std::string id(BudgetOfDigest(digest.integration.group_id));
  if (!budget_routes_.contains(id)) return;
  Budget* const budget = &state_->budgets[id];
  budget->outdated.insert(digest.integration.receiver);
  budget->due_ms = now_ms;
}

// Whether news of the group is not to be told by itself: a digest tells it already, or will.
// `replaces`: there is an older notification in the outbox, whose place it would take for nothing.
bool Dispatcher::WaitsForDigest(Group* group, const Integration& integration, const AlertSets& sets,
                                bool replaces, int64_t now_ms) {
  const std::string& id = group->route->budget_id;
  const OutboxEntry* const digest = state_->outbox.FindDigestFor(integration);
  if (digest != nullptr && BudgetOfDigest(digest->integration.group_id) == id) {
    if (digest->covers.at(group->id) != sets) Outdate(*digest, now_ms);
    return true;
  }
  if (id.empty() || replaces || group->charged) return false;
  const BudgetOptions& options = group->route->notification_budget;
  if (state_->budgets[id].held().empty() && state_->budgets[id].HasRoom(options, now_ms)) {
    state_->ChangeBudget(id)->Spend(options, now_ms);
    group->charged = true;
    return false;
  }
  if (state_->budgets[id].Holds(group->id)) return true;
  Budget* const budget = state_->ChangeBudget(id);
  budget->Hold(group->id, now_ms);
  budget->due_ms = now_ms;
  if (!rehearsal_) HeldCounter().Add();
  NoteWaiting(*group, sets, now_ms);
  return true;
}

// The group has nothing to tell to anybody. Alerts that came and went while its news waited are
// counted.
void Dispatcher::Relieve(Group* group, const AlertSets& sets, int64_t now_ms) {
  const std::string& id = group->route->budget_id;
  const auto at = state_->budgets.find(id);
  const Receiver* const receiver = config_->FindReceiver(group->route->receiver);
  if (at == state_->budgets.end() || receiver == nullptr) return;
  bool waited = at->second.Holds(group->id);
  std::set<uint64_t> unknown(sets.resolved.begin(), sets.resolved.end());
  for (int i = 0; i < static_cast<int>(receiver->channels.size()); ++i) {
    const Integration integration{group->id, receiver->name, receiver->IndexOf(i),
                                  std::string(receiver->channels[i]->kind())};
    waited = waited || state_->outbox.FindDigestFor(integration) != nullptr;
    const LogEntry* const last = state_->log.Find(integration.Key(), now_ms);
    std::erase_if(unknown, [last](uint64_t fingerprint) { return WasTold(last, fingerprint); });
  }
  if (!waited) return;
  Budget* const budget = state_->ChangeBudget(id);
  budget->LetGo(group->id);
  budget->due_ms = now_ms;
  if (!unknown.empty()) budget->Passed(receiver->name, static_cast<int64_t>(unknown.size()));
}

int64_t Dispatcher::NextDigest() const {
  int64_t next_ms = kNever;
  for (const auto& [id, budget] : state_->budgets) next_ms = std::min(next_ms, budget.due_ms);
  return next_ms;
}

void Dispatcher::TellDigests(int64_t now_ms) {
  for (const auto& [id, route] : budget_routes_) {
    const auto at = state_->budgets.find(id);
    if (at == state_->budgets.end()) continue;
    // One that is outdated may have become due to be sent meanwhile.
    const Budget& budget = at->second;
    if (budget.due_ms <= now_ms || !budget.outdated.empty()) TellDigestsOf(id, now_ms);
  }
}

// Receivers that have waited longest come first.
void Dispatcher::TellDigestsOf(const std::string& budget_id, int64_t now_ms) {
  Budget* const budget = &state_->budgets.at(budget_id);
  std::map<std::string, int64_t> since;
  for (const std::string& receiver : budget->outdated) since[receiver] = now_ms;
  for (const auto& [group_id, since_ms] : Budget::HeldGroups(budget->held())) {
    const Group* const group = state_->groups.Find(group_id);
    if (group == nullptr) {
      state_->ChangeBudget(budget_id)->LetGo(group_id);
      continue;
    }
    const auto [at, added] = since.try_emplace(group->route->receiver, since_ms);
    at->second = std::min(at->second, since_ms);
  }
  std::vector<std::pair<int64_t, std::string>> receivers;
  for (const auto& [receiver, since_ms] : since) receivers.emplace_back(since_ms, receiver);
  std::sort(receivers.begin(), receivers.end());
  budget->outdated.clear();
  budget->due_ms = kNever;
  for (const auto& [since_ms, name] : receivers) {
    const Receiver* const receiver = config_->FindReceiver(name);
    if (receiver == nullptr) continue;
    const int64_t next_ms = TellReceiver(budget_id, *receiver, now_ms);
    budget->due_ms = std::min(budget->due_ms, next_ms);
  }
  const bool told = budget->held().empty() && budget->outdated.empty();
  if (told && !budget->passed().empty()) {
    state_->ChangeBudget(budget_id)->ForgetPassed();
  }
}

// Puts the digests for one receiver into the outbox. Returns when to try again, kNever if all is
// told or what is under way has to end first.
int64_t Dispatcher::TellReceiver(const std::string& budget_id, const Receiver& receiver,
                                 int64_t now_ms) {
  Budget* const budget = &state_->budgets.at(budget_id);
  const BudgetOptions& options = budget_routes_.at(budget_id)->notification_budget;
  const int64_t passed = budget->PassedFor(receiver.name);
  const bool any_held = !DigestGroups(budget_id, receiver.name, nullptr).empty();
  int64_t again_ms = kNever;
  bool all_told = true;
  bool charged = false;
  for (size_t i = 0; i < receiver.channels.size(); ++i) {
    const Channel& channel = *receiver.channels[i];
    const int place = static_cast<int>(i);
    const Integration integration{DigestGroupId(budget_id), receiver.name, receiver.IndexOf(place),
                                  std::string(channel.kind())};
    const OutboxEntry* const waiting = state_->outbox.Find(integration.Key());
    if (waiting == nullptr && !any_held) continue;
    if (waiting != nullptr && waiting->in_flight) {
      all_told = false;
      continue;
    }
    const bool costs = waiting == nullptr && !charged;
    const int64_t possible_ms = waiting != nullptr ? RenewableAt(*waiting)
                                : costs            ? budget->FreeAt(options, now_ms)
                                                   : now_ms;
    if (possible_ms > now_ms) {
      all_told = false;
      again_ms = std::min(again_ms, possible_ms);
      continue;
    }
    DigestDraft draft;
    for (const std::string& group_id : DigestGroups(budget_id, receiver.name, waiting)) {
      DraftGroup(state_->groups.Find(group_id), channel, integration, place, now_ms, &draft);
    }
    if (!PutDigest(budget_id, integration, waiting, passed, now_ms, &draft) || !costs) continue;
    charged = true;
    state_->ChangeBudget(budget_id)->Spend(options, now_ms);
    if (!rehearsal_) DigestCounter().Add();
  }
  if (!all_told) {
    budget->outdated.insert(receiver.name);
    return again_ms;
  }
  state_->ChangeBudget(budget_id)->TakePassed(receiver.name);
  for (const std::string& group_id : DigestGroups(budget_id, receiver.name, nullptr)) {
    budget->LetGo(group_id);
  }
  return kNever;
}

// The groups that a digest is to tell of, those that `waiting` (may be null) covers among them.
std::set<std::string> Dispatcher::DigestGroups(const std::string& budget_id,
                                               const std::string& receiver,
                                               const OutboxEntry* waiting) const {
  std::set<std::string> ids;
  const auto add = [&](const std::string& id) {
    const Group* const group = state_->groups.Find(id);
    if (group == nullptr || group->route->budget_id != budget_id) return;
    if (group->route->receiver == receiver) ids.insert(id);
  };
  for (const auto& [id, since_ms] : state_->budgets.find(budget_id)->second.held()) add(id);
  if (waiting == nullptr) return ids;
  for (const auto& [id, told] : waiting->covers) add(id);
  return ids;
}

// Adds what the group has to tell now to the digest for `integration`.
void Dispatcher::DraftGroup(Group* group, const Channel& channel, const Integration& integration,
                            int place, int64_t now_ms, DigestDraft* draft) {
  Integration own = integration;
  own.group_id = group->id;
  const std::string key = own.Key();
  if (state_->outbox.Find(key) != nullptr) return;  // That tells it.
  std::vector<StoredAlert*> alerts;
  AlertSets sets = TakeTellable(*group, now_ms, &alerts);
  if (alerts.empty()) return;
  const LogEntry* const last = state_->log.Find(key, now_ms);
  const std::string_view reason =
      NotificationReason({.last = last,
                          .current = &sets,
                          .send_resolved = channel.send_resolved(),
                          .repeat_interval_ms = group->route->repeat_interval_ms,
                          .now_ms = now_ms});
  if (reason.empty()) return;
  if (!channel.send_resolved() && sets.firing.empty()) {
    state_->PutLogEntry(MakeLogEntry(own, sets, now_ms, group->route->repeat_interval_ms));
    return;
  }
  for (StoredAlert* const alert : alerts) {
    ToldAlert told = Tell(*group, *alert, now_ms);
    if (told.resolved && !channel.send_resolved()) continue;
    draft->writer.Add(std::move(told), WasTold(last, alert->fingerprint));
    draft->alerts.push_back(alert);
  }
  draft->covers[group->id] = std::move(sets);
  draft->groups.emplace_back(group, place);
}

// Puts the digest into the outbox, in place of `waiting` (may be null) unless that says the same.
// Whether there is one then.
bool Dispatcher::PutDigest(const std::string& budget_id, const Integration& integration,
                           const OutboxEntry* waiting, int64_t passed, int64_t now_ms,
                           DigestDraft* draft) {
  const Route& route = *budget_routes_.at(budget_id);
  if (waiting != nullptr) passed += waiting->passed;
  Notification message = draft->writer.Finish(passed);
  if (message.alerts.empty()) {
    if (waiting != nullptr) {
      state_->Bury(OutboxEntry(*waiting), "what it told is no longer so", now_ms);
    }
    // All that they tell of came and went.
    for (auto& [group, place] : draft->groups) {
      Integration own = integration;
      own.group_id = group->id;
      state_->PutLogEntry(MakeLogEntry(own, std::move(draft->covers[group->id]), now_ms,
                                       group->route->repeat_interval_ms));
    }
    return false;
  }
  message.receiver = integration.receiver;
  message.route_labels = route.labels;
  message.external_url = external_url_;
  message.group_key = DigestKey(budget_id, integration.receiver);
  for (const auto& [group, place] : draft->groups) {
    group->unsettled.insert(place);
    state_->WriteGroup(group);
  }
  for (StoredAlert* const alert : draft->alerts) StoreUnwritten(alert);
  OutboxEntry entry;
  entry.body = EncodeNotification(message);
  entry.covers = std::move(draft->covers);
  if (waiting != nullptr && waiting->body == entry.body && waiting->covers == entry.covers) {
    return true;
  }
  entry.integration = integration;
  entry.sequence = state_->NextSequence();
  entry.id = fmt::format("{:016x}-{}", GroupHash(message.group_key), entry.sequence);
  entry.passed = passed;
  entry.flushed_at_ms = now_ms;
  entry.deadline_ms = now_ms + std::max(route.repeat_interval_ms, kMinPatienceMs);
  entry.next_attempt_ms = now_ms;
  NoteDigest(*state_->PutOutboxEntry(std::move(entry)), message.group_key);
  return true;
}

// For the trail: news of the group begins to wait for its budget.
void Dispatcher::NoteWaiting(const Group& group, const AlertSets& sets, int64_t now_ms) {
  HeldAlerts held;
  held.alerts = sets.firing;
  held.alerts.insert(held.alerts.end(), sets.resolved.begin(), sets.resolved.end());
  held.budget = group.route->budget_id;
  TrailFlush flush;
  flush.time_ms = now_ms;
  flush.integration = {group.id, group.route->receiver, 0, ""};
  flush.group_key = group.Key();
  flush.held = {std::move(held)};
  state_->Note(flush);
}

// For the trail: one row, however many groups it covers.
void Dispatcher::NoteDigest(const OutboxEntry& digest, const std::string& key) {
  const Integration& integration = digest.integration;
  const Receiver* const receiver = config_->FindReceiver(integration.receiver);
  const Channel* const channel = receiver->FindChannel(integration.kind, integration.index);
  TrailFlush flush;
  flush.time_ms = digest.flushed_at_ms;
  flush.integration = integration;
  flush.group_key = key;
  flush.reason = fmt::format("digest of {} groups", digest.covers.size());
  flush.notification_id = digest.id;
  std::set<uint64_t> firing;
  std::set<uint64_t> resolved;
  for (const auto& [group_id, told] : digest.covers) {
    firing.insert(told.firing.begin(), told.firing.end());
    if (channel->send_resolved()) resolved.insert(told.resolved.begin(), told.resolved.end());
  }
  flush.told.firing.assign(firing.begin(), firing.end());
  flush.told.resolved.assign(resolved.begin(), resolved.end());
  state_->Note(flush);
}

void Dispatcher::DigestEnded(const Integration& digest,
                             const std::map<std::string, AlertSets>& covers, bool delivered,
                             int64_t now_ms) {
  const std::string_view id = BudgetOfDigest(digest.group_id);
  const auto budget = state_->budgets.find(id);
  if (budget != state_->budgets.end()) budget->second.due_ms = now_ms;
  const OutboxEntry* const failed = state_->outbox.Find(digest.Key());
  if (failed != nullptr && !budget_routes_.contains(id)) {
    state_->Bury(OutboxEntry(*failed), "the configuration has no such budget any more", now_ms);
  }
  for (const auto& [group_id, told] : covers) {
    DeliveryEnded({group_id, digest.receiver, digest.index, digest.kind}, delivered, now_ms);
  }
}

}  // namespace vigil::alerting
