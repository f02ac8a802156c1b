// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/collector.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "alerting/explain/rule_read.h"
#include "base/clock.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

constexpr std::string_view kAlertName = "alertname";
// How far back the last change of an alert is looked for, where the time asked for has none.
constexpr int64_t kLookBackMs = 30 * kMillisPerDay;

bool Holds(const std::vector<uint64_t>& fingerprints, uint64_t fingerprint) {
  return std::find(fingerprints.begin(), fingerprints.end(), fingerprint) != fingerprints.end();
}

// Whether the rule could have made an alert with these labels. Labels that are templates may be
// anything.
bool MayHaveMade(const Rule& rule, const storage::Labels& labels) {
  return std::all_of(rule.labels.begin(), rule.labels.end(), [&labels](const auto& label) {
    const bool is_template = label.second.find("{{") != std::string::npos;
    return is_template || !labels.Has(label.first) || labels.Get(label.first) == label.second;
  });
}

// Whether the flush says something of the alert.
bool Concerns(const TrailFlush& flush, uint64_t fingerprint) {
  if (Holds(flush.told.firing, fingerprint) || Holds(flush.told.resolved, fingerprint)) return true;
  return std::any_of(flush.held.begin(), flush.held.end(), [fingerprint](const HeldAlerts& held) {
    return Holds(held.alerts, fingerprint);
  });
}

}  // namespace

storage::Labels Collector::Sent(const storage::Labels& rule_labels) const {
  if (options_.external_labels.empty()) return rule_labels;
  storage::LabelsBuilder labels(options_.external_labels);
  for (const storage::LabelView& label : rule_labels) labels.Set(label.name, label.value);
  return labels.Build();
}

Candidate* Collector::At(const storage::Labels& labels) {
  Candidate& candidate = found_[labels];
  candidate.labels = labels;
  return &candidate;
}

absl::Status Collector::Find() {
  FindInRules();
  if (question_.is_now) FindInManager();
  const int64_t at_ms = question_.at_ms;
  VIGIL_RETURN_IF_ERROR(FindInHistory({at_ms - question_.since_ms, at_ms}, 0));
  if (found_.empty()) VIGIL_RETURN_IF_ERROR(FindInHistory({at_ms - kLookBackMs, at_ms}, 1));
  for (auto& [labels, candidate] : found_) candidates_.push_back(std::move(candidate));
  found_.clear();
  std::stable_sort(candidates_.begin(), candidates_.end(),
                   [](const auto& a, const auto& b) { return a.changed_at_ms > b.changed_at_ms; });
  return absl::OkStatus();
}

void Collector::FindInRules() {
  for (const GroupStatus& group : groups_) {
    for (const RuleStatus& rule : group.rules) {
      for (const ActiveAlert& alert : rule.alerts) {
        if (alert.active_at_ms > question_.at_ms) continue;
        const storage::Labels labels = Sent(alert.labels);
        if (!subject_.Matches(labels) && !subject_.Matches(alert.labels)) continue;
        Candidate* const candidate = At(labels);
        candidate->rule_labels = alert.labels;
        candidate->rule = &rule;
        candidate->active = &alert;
        const bool fired = alert.fired_at_ms != 0 && alert.fired_at_ms <= question_.at_ms;
        candidate->changed_at_ms = fired ? alert.fired_at_ms : alert.active_at_ms;
      }
    }
  }
}

void Collector::FindInManager() {
  AlertFilter filter;
  filter.matchers = subject_.matchers;
  for (const AlertView& view : dependencies_.manager->ListAlerts(filter, question_.at_ms)) {
    if (!subject_.Matches(view.alert.labels)) continue;
    Candidate* const candidate = At(view.alert.labels);
    candidate->in_manager = true;
    candidate->changed_at_ms = std::max(candidate->changed_at_ms, view.alert.starts_at_ms);
  }
}

absl::Status Collector::FindInHistory(TimeRange range, size_t limit) {
  HistoryQuery query;
  query.range = {std::max<int64_t>(0, range.start_ms), range.end_ms};
  // Alerts come with more labels than history has of them.
  if (options_.external_labels.empty() && !subject_.matchers.empty()) {
    query.selectors = {subject_.matchers};
    query.limit = limit;
  }
  VIGIL_ASSIGN_OR_RETURN(HistoryAnswer history, dependencies_.history->Read(query));
  for (auto event = history.events.rbegin(); event != history.events.rend(); ++event) {
    const storage::Labels labels = Sent(event->labels);
    if (!subject_.Matches(labels) && !subject_.Matches(event->labels)) continue;
    Candidate* const candidate = At(labels);
    candidate->rule_labels = event->labels;
    candidate->changed_at_ms = std::max(candidate->changed_at_ms, event->time_ms);
    candidate->events.push_back(std::move(*event));
  }
  return absl::OkStatus();
}

// How an alert that was active before the story begins came to be so.
absl::Status Collector::AddOlderEvents(Candidate* candidate) const {
  if (candidate->active == nullptr) return absl::OkStatus();
  const int64_t begin_ms = question_.at_ms - question_.since_ms;
  std::vector<AlertEvent> older;
  for (const int64_t time_ms : {candidate->active->active_at_ms, candidate->active->fired_at_ms}) {
    if (time_ms == 0 || time_ms >= begin_ms) continue;
    if (!older.empty() && older.back().time_ms == time_ms) continue;
    HistoryQuery query;
    query.range = {time_ms, time_ms};
    VIGIL_ASSIGN_OR_RETURN(HistoryAnswer history, dependencies_.history->Read(query));
    for (auto event = history.events.rbegin(); event != history.events.rend(); ++event) {
      if (event->labels == candidate->rule_labels) older.push_back(std::move(*event));
    }
  }
  candidate->events.insert(candidate->events.begin(), std::make_move_iterator(older.begin()),
                           std::make_move_iterator(older.end()));
  return absl::OkStatus();
}

StateFacts Collector::StateOf(const Candidate& candidate) const {
  StateFacts state;
  if (candidate.active != nullptr) {
    const ActiveAlert& alert = *candidate.active;
    const bool fires = alert.fired_at_ms != 0 && alert.fired_at_ms <= question_.at_ms;
    state.state = fires ? AlertState::kFiring : AlertState::kPending;
    state.active_at_ms = alert.active_at_ms;
    state.fired_at_ms = fires ? alert.fired_at_ms : 0;
  } else if (!candidate.events.empty()) {
    const AlertEvent& last = candidate.events.back();
    state.active_at_ms = last.active_at_ms;
    if (last.change == AlertChange::kPending) state.state = AlertState::kPending;
    if (last.change == AlertChange::kFiring) {
      state.state = AlertState::kFiring;
      state.fired_at_ms = last.fired_at_ms;
    }
  }
  // The engine knows best what is active now.
  if (question_.is_now && candidate.active == nullptr) state.state = AlertState::kInactive;
  return state;
}

FoundAlert Collector::Describe(const Candidate& candidate) const {
  AlertState state = StateOf(candidate).state;
  const bool from_rule = candidate.active != nullptr || !candidate.events.empty();
  if (!from_rule && candidate.in_manager) state = AlertState::kFiring;
  return {candidate.labels, std::string(AlertStateName(state)), candidate.changed_at_ms};
}

Collector::Place Collector::PlaceOf(const Candidate& candidate) const {
  Place found;
  for (const GroupStatus& group : groups_) {
    for (const RuleStatus& rule : group.rules) {
      if (candidate.rule == &rule) return {&group, &rule};
      if (candidate.rule != nullptr || candidate.events.empty()) continue;
      const AlertEvent& last = candidate.events.back();
      const bool is_of_it = last.rule == rule.rule.name() && rule.rule.IsAlert() &&
                            last.group_key == fmt::format("{};{}", group.file, group.name) &&
                            MayHaveMade(rule.rule, candidate.rule_labels);
      if (is_of_it && found.rule == nullptr) found = {&group, &rule};
    }
  }
  return found;
}

Collector::Place Collector::PlaceOfName(std::string_view name,
                                        const storage::Labels& labels) const {
  for (const GroupStatus& group : groups_) {
    for (const RuleStatus& rule : group.rules) {
      if (!rule.rule.IsAlert() || rule.rule.name() != name) continue;
      if (MayHaveMade(rule.rule, labels)) return {&group, &rule};
    }
  }
  return {};
}

RuleFacts Collector::DescribeRule(const Place& place) const {
  const Rule& rule = place.rule->rule;
  RuleFacts facts;
  facts.file = place.group->file;
  facts.group = place.group->name;
  facts.name = rule.name();
  facts.expr = rule.expr;
  facts.for_ms = rule.for_ms;
  facts.interval_ms = place.group->interval_ms;
  facts.last_evaluation_ms = place.rule->last_evaluation_ms;
  if (place.rule->health == RuleHealth::kError) facts.error = place.rule->last_error;
  facts.missing_inputs = place.rule->inputs.missing;
  return facts;
}

absl::StatusOr<StoryFacts> Collector::Collect(const Candidate& candidate) const {
  Candidate whole = candidate;
  VIGIL_RETURN_IF_ERROR(AddOlderEvents(&whole));
  StoryFacts facts;
  facts.at_ms = question_.at_ms;
  facts.is_now = question_.is_now;
  facts.asked = subject_.text;
  facts.labels = whole.labels;
  facts.found = true;
  facts.state = StateOf(whole);
  if (const Place place = PlaceOf(whole); place.rule != nullptr) {
    facts.rule = DescribeRule(place);
    const int64_t fired_at_ms = facts.state.fired_at_ms;
    facts.read = ReadRule(*dependencies_.engine, *dependencies_.source,
                          {.rule = place.rule->rule,
                           .labels = whole.rule_labels,
                           .time_ms = (fired_at_ms == 0 ? question_.at_ms : fired_at_ms) -
                                      place.group->query_offset_ms,
                           .cancelled = question_.cancelled});
  }
  facts.changes = std::move(whole.events);
  CollectStanding(&facts);
  VIGIL_RETURN_IF_ERROR(CollectTrail(&facts));
  CollectNames(&facts);
  return facts;
}

StoryFacts Collector::CollectAbsent() const {
  StoryFacts facts;
  facts.at_ms = question_.at_ms;
  facts.is_now = question_.is_now;
  facts.asked = subject_.text;
  facts.labels = subject_.NamedLabels();
  const std::string_view name = facts.labels.Get(kAlertName);
  const Place place = PlaceOfName(name, facts.labels);
  if (place.rule == nullptr) return facts;
  facts.rule = DescribeRule(place);
  facts.read = ReadRule(*dependencies_.engine, *dependencies_.source,
                        {.rule = place.rule->rule,
                         .labels = facts.labels,
                         .labels_are_all = false,
                         .time_ms = question_.at_ms - place.group->query_offset_ms,
                         .cancelled = question_.cancelled});
  return facts;
}

void Collector::CollectStanding(StoryFacts* facts) const {
  facts->standing = dependencies_.manager->Standing(facts->labels, question_.at_ms);
  if (question_.is_now) return;
  // Of the past the manager knows only what is given by its configuration and its silences.
  facts->standing.inhibited_by.reset();
  for (RouteStanding& route : facts->standing.routes) {
    route.next_flush_ms.reset();
    route.held_until_ms.reset();
    for (IntegrationStanding& one : route.integrations) {
      one.told_at_ms = 0;
      one.waiting.reset();
      one.breaker_open = false;
    }
  }
}

absl::Status Collector::CollectTrail(StoryFacts* facts) const {
  int64_t begin_ms = question_.at_ms - question_.since_ms;
  // Also of one that ended before that: the verdict is about the last time that it fired.
  if (const int64_t fired_at_ms = facts->LastFiredAt(); fired_at_ms != 0) {
    begin_ms = std::min(begin_ms, fired_at_ms);
  }
  const uint64_t fingerprint = Fingerprint(facts->labels);
  const std::string name = FingerprintText(fingerprint);
  std::set<std::string, std::less<>> ids;  // Of notifications about it.
  const auto wanted = [&name, &ids](std::string_view row) {
    if (row.find(name) != std::string_view::npos) return true;
    const std::string_view id = NotificationOfAttempt(row);
    return !id.empty() && ids.contains(id);
  };
  return ReadTrail(*dependencies_.state, {std::max<int64_t>(0, begin_ms), question_.at_ms}, wanted,
                   [&](TrailEntry entry) {
                     if (const auto* flush = std::get_if<TrailFlush>(&entry)) {
                       if (!Concerns(*flush, fingerprint)) return;
                       if (!flush->notification_id.empty()) ids.insert(flush->notification_id);
                     } else if (!ids.contains(std::get<TrailAttempt>(entry).notification_id)) {
                       return;
                     }
                     facts->trail.push_back(std::move(entry));
                   });
}

// Looks up what the trail names.
void Collector::CollectNames(StoryFacts* facts) const {
  std::set<uint64_t> inhibitors;
  std::set<std::string> silences;
  for (const TrailEntry& entry : facts->trail) {
    const auto* const flush = std::get_if<TrailFlush>(&entry);
    if (flush == nullptr) continue;
    for (const HeldAlerts& held : flush->held) {
      if (held.inhibited_by.has_value()) inhibitors.insert(*held.inhibited_by);
      silences.insert(held.silenced_by.begin(), held.silenced_by.end());
    }
  }
  if (!silences.empty()) {
    const SilenceStore store = dependencies_.manager->Silences();
    for (const std::string& id : silences) {
      if (const Silence* silence = store.Find(id)) facts->silences.emplace(id, *silence);
    }
  }
  if (inhibitors.empty()) return;
  for (const AlertView& view : dependencies_.manager->ListAlerts({}, question_.at_ms)) {
    if (inhibitors.contains(view.fingerprint)) {
      facts->alerts.emplace(view.fingerprint, view.alert.labels);
    }
  }
}

}  // namespace vigil::alerting
