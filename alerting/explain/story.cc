// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/story.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "alerting/explain/wording.h"
#include "alerting/rules/rule_engine.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

bool Holds(const std::vector<uint64_t>& fingerprints, uint64_t fingerprint) {
  return std::find(fingerprints.begin(), fingerprints.end(), fingerprint) != fingerprints.end();
}

// "", " with another alert", " with 7 other alerts".
std::string Company(size_t alerts) {
  if (alerts <= 1) return "";
  if (alerts == 2) return ", with another alert";
  return fmt::format(", with {} other alerts", alerts - 1);
}

class Teller {
 public:
  explicit Teller(const StoryFacts& facts)
      : facts_(facts), fingerprint_(Fingerprint(facts.labels)) {}

  Story Tell() {
    TellRule();
    TellRead();
    for (const AlertEvent& change : facts_.changes) TellChange(change);
    TellReceived();
    TellRoutes();
    for (const TrailEntry& entry : facts_.trail) {
      std::visit([this](const auto& one) { TellEntry(one); }, entry);
    }
    TellWaiting();
    std::stable_sort(places_.begin(), places_.end(),
                     [](const Place& a, const Place& b) { return a.order_ms < b.order_ms; });
    Story story;
    for (Place& place : places_) story.steps.push_back(std::move(place.step));
    story.verdict = Judge(facts_);
    return story;
  }

 private:
  struct Place {
    int64_t order_ms = 0;
    StoryStep step;
  };

  void Add(int64_t time_ms, std::string kind, std::string text) {
    places_.push_back({time_ms, {time_ms, std::move(kind), std::move(text)}});
  }
  // Something that has no time of its own.
  void AddBefore(int64_t order_ms, std::string kind, std::string text) {
    places_.push_back({order_ms, {0, std::move(kind), std::move(text)}});
  }

  void TellRule() {
    if (!facts_.rule.has_value()) return;
    const RuleFacts& rule = *facts_.rule;
    std::string text =
        fmt::format("{} in {}, group {}: {}", rule.name, rule.file, rule.group, rule.expr);
    if (rule.for_ms > 0) text += fmt::format("; for {}", SpanText(rule.for_ms));
    AddBefore(0, "rule", fmt::format("{}; every {}", text, SpanText(rule.interval_ms)));
    if (rule.last_evaluation_ms == 0) {
      AddBefore(facts_.at_ms, "evaluated", "not yet");
    } else if (facts_.is_now) {
      Add(rule.last_evaluation_ms, "evaluated",
          rule.error.empty() ? "the last time, without error"
                             : fmt::format("the last time, and it fails: {}", rule.error));
    }
  }

  void TellRead() {
    if (!facts_.read.has_value()) return;
    const ReadFacts& read = *facts_.read;
    if (!read.error.empty()) {
      return Add(read.time_ms, "read", fmt::format("nothing, the query fails: {}", read.error));
    }
    std::string text = fmt::format("{} series, {} samples", read.series, read.samples);
    if (!read.value.has_value()) {
      text += read.series == 0 ? ": there are no data" : ": no value for these labels";
    } else if (read.values > 1) {
      text += fmt::format(": of {} values the nearest is {}", read.values, ValueText(read));
    } else {
      text += fmt::format(": value {}", ValueText(read));
    }
    Add(read.time_ms, "read", std::move(text));
  }

  void TellChange(const AlertEvent& change) {
    const std::string value = FormatValue(change.value);
    std::string text;
    switch (change.change) {
      case AlertChange::kPending:
        text = fmt::format("the condition holds, value {}", value);
        break;
      case AlertChange::kFiring: {
        const int64_t waited_ms = change.fired_at_ms - change.active_at_ms;
        text = waited_ms > 0 ? fmt::format("after {}, value {}", SpanText(waited_ms), value)
                             : fmt::format("at once, value {}", value);
        break;
      }
      case AlertChange::kResolved:
        text = fmt::format("after {} of firing", SpanText(change.time_ms - change.fired_at_ms));
        break;
      case AlertChange::kForgotten:
        text = fmt::format("after {}, before it fired",
                           SpanText(change.time_ms - change.active_at_ms));
        break;
    }
    if (!change.reason.empty()) text += fmt::format(" ({})", change.reason);
    Add(change.time_ms, std::string(AlertChangeName(change.change)), std::move(text));
  }

  // Of alerts that have no rule here.
  void TellReceived() {
    if (!facts_.outside() || !facts_.standing.alert.has_value()) return;
    Add(facts_.standing.alert->starts_at_ms, "received",
        "from outside, of no rule of this server; its sender says that it began then");
  }

  void TellRoutes() {
    if (!facts_.found) return;
    const bool pending = facts_.state.state == AlertState::kPending;  // It begins anew.
    const int64_t fired_at_ms = pending ? 0 : facts_.LastFiredAt();
    const int64_t order_ms = fired_at_ms == 0 ? facts_.at_ms : fired_at_ms;
    for (const RouteStanding& route : facts_.standing.routes) {
      AddBefore(order_ms, "route", RouteText(route));
    }
  }

  static std::string RouteText(const RouteStanding& route) {
    std::vector<std::string> kinds;
    for (const IntegrationStanding& one : route.integrations) {
      kinds.push_back(one.integration.index == 0
                          ? one.integration.kind
                          : fmt::format("{} {}", one.integration.kind, one.integration.index + 1));
    }
    std::string grouping = "all in one group";
    if (route.group_by_all) {
      grouping = "each alert by itself";
    } else if (!route.group_by.empty()) {
      grouping = fmt::format("grouped by {}", ListText(route.group_by));
    }
    return fmt::format("{} to {} ({}); {}; waits {}, then every {}, repeats after {}", route.route,
                       route.receiver.empty() ? "nobody" : route.receiver,
                       kinds.empty() ? "no channel" : ListText(kinds), grouping,
                       SpanText(route.group_wait_ms), SpanText(route.group_interval_ms),
                       SpanText(route.repeat_interval_ms));
  }

  void TellEntry(const TrailFlush& flush) {
    const bool firing = Holds(flush.told.firing, fingerprint_);
    if (firing || Holds(flush.told.resolved, fingerprint_)) {
      Add(flush.time_ms, "notify",
          fmt::format("{}{}: {}{}", NotificationText(flush.notification_id, flush.integration),
                      firing ? "" : " that it ended", flush.reason,
                      Company(flush.told.firing.size() + flush.told.resolved.size())));
      return;
    }
    for (const HeldAlerts& held : flush.held) {
      if (!Holds(held.alerts, fingerprint_)) continue;
      Add(flush.time_ms, "held",
          fmt::format("not told to {}: {}", flush.integration.receiver, CausesText(held, facts_)));
    }
  }

  void TellEntry(const TrailAttempt& attempt) {
    const std::string what = NotificationText(attempt.notification_id, attempt.integration);
    if (attempt.delivered) {
      Add(attempt.time_ms, "delivered",
          fmt::format("{}: {}", what, AnswerText(attempt.status, "")));
    } else if (!attempt.given_up.empty()) {
      Add(attempt.time_ms, "given up",
          fmt::format("{}: {}", what, AnswerText(attempt.status, attempt.given_up)));
    } else {
      Add(attempt.time_ms, "failed",
          fmt::format("{}: {}; next try at {}", what, AnswerText(attempt.status, attempt.error),
                      TimeText(attempt.retry_at_ms)));
    }
  }

  // What is still on its way; known of the present alone.
  void TellWaiting() {
    if (!facts_.is_now) return;
    for (const RouteStanding& route : facts_.standing.routes) {
      for (const IntegrationStanding& one : route.integrations) {
        if (!one.waiting.has_value()) continue;
        const std::string what =
            one.waiting->in_flight
                ? std::string("is being sent")
                : fmt::format("next try at {}", TimeText(one.waiting->next_attempt_ms));
        AddBefore(INT64_MAX, "waiting",
                  fmt::format("{}: {}", NotificationText(one.waiting->id, one.integration), what));
      }
    }
  }

  const StoryFacts& facts_;
  const uint64_t fingerprint_;
  std::vector<Place> places_;
};

}  // namespace

Story TellStory(const StoryFacts& facts) { return Teller(facts).Tell(); }

}  // namespace vigil::alerting
