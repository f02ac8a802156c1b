// SPDX-License-Identifier: Apache-2.0
//
// The last line of a story. For an alert that did not page it names what holds it back, the first
// that applies on the way from the rule to the receiver.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "alerting/explain/story.h"
#include "alerting/explain/wording.h"

namespace vigil::alerting {
namespace {

bool Holds(const std::vector<uint64_t>& fingerprints, uint64_t fingerprint) {
  return std::find(fingerprints.begin(), fingerprints.end(), fingerprint) != fingerprints.end();
}

class Judgement {
 public:
  explicit Judgement(const StoryFacts& facts)
      : facts_(facts), fingerprint_(Fingerprint(facts.labels)), fired_at_ms_(facts.LastFiredAt()) {
    for (const TrailEntry& entry : facts_.trail) {
      std::visit([this](const auto& one) { Take(one); }, entry);
    }
  }

  Verdict Give() const {
    if (!facts_.other_tenant.empty()) {
      return {false, OtherTenantText(facts_.other_tenant)};
    }
    const bool pending = facts_.state.state == AlertState::kPending;  // It begins anew.
    if (!pages_.empty() && !pending) return {true, Paged() + FlappingText()};
    return {false, (Fires() ? WhyQuiet() : WhyNotFiring()) + FlappingText()};
  }

 private:
  struct Page {
    Integration integration;
    int64_t time_ms = 0;
    std::string id;
  };

  bool Fires() const {
    return facts_.state.state == AlertState::kFiring ||
           (facts_.outside() && facts_.standing.alert.has_value());
  }

  // Whatever its group does.
  bool IsKeptQuiet() const {
    return !facts_.standing.silences.empty() || facts_.standing.inhibited_by.has_value();
  }

  std::string FlappingText() const {
    if (facts_.standing.flapping.empty() || !facts_.is_now) return "";
    return fmt::format("; it flaps ({}): until it is calm, receivers hear that it fires",
                       facts_.standing.flapping);
  }

  // Only what concerns the last time that it fired counts.
  void Take(const TrailFlush& flush) {
    if (flush.time_ms < fired_at_ms_) return;
    if (Holds(flush.told.firing, fingerprint_)) tells_firing_.insert(flush.notification_id);
    for (const HeldAlerts& held : flush.held) {
      if (Holds(held.alerts, fingerprint_)) held_ = CausesText(held, facts_);
    }
  }
  void Take(const TrailAttempt& attempt) {
    if (!tells_firing_.contains(attempt.notification_id)) return;
    const std::string key = attempt.integration.Key();
    if (attempt.delivered) {
      pages_.try_emplace(key, Page{attempt.integration, attempt.time_ms, attempt.notification_id});
      lost_.erase(key);
    } else if (!attempt.given_up.empty()) {
      lost_.insert_or_assign(key, attempt);
    }
  }

  std::string Paged() const {
    std::vector<std::string> told;
    for (const auto& [key, page] : pages_) {
      std::string text = fmt::format("{} at {}, notification {}", IntegrationText(page.integration),
                                     TimeText(page.time_ms), page.id);
      told.push_back(text + Repeats(key));
    }
    std::string text = ListText(told);
    if (!Fires()) return text + Ended();
    if (IsKeptQuiet()) return fmt::format("{}; now it is {}", text, WhyQuiet());
    for (const RouteStanding& route : facts_.standing.routes) {
      for (const IntegrationStanding& one : route.integrations) {
        if (pages_.contains(one.integration.Key()) || !facts_.is_now) continue;
        // By a digest, which is of no group.
        if (one.told_at_ms != 0 && one.told_at_ms >= fired_at_ms_) continue;
        text += ButNot(route, one);
      }
    }
    return text;
  }

  std::string ButNot(const RouteStanding& route, const IntegrationStanding& one) const {
    const std::string who = IntegrationText(one.integration);
    const std::string why = WhyNotTold(route, one);
    const bool says_who = why.find(who) != std::string::npos;
    return says_who ? fmt::format("; but {}", why) : fmt::format("; but not {}: {}", who, why);
  }

  // When the integration of that key is told again.
  std::string Repeats(const std::string& key) const {
    if (!Fires() || !facts_.is_now || IsKeptQuiet()) return "";
    for (const RouteStanding& route : facts_.standing.routes) {
      for (const IntegrationStanding& one : route.integrations) {
        if (one.integration.Key() != key || one.told_at_ms == 0) continue;
        return fmt::format(" (repeats at {})", TimeText(one.told_at_ms + route.repeat_interval_ms));
      }
    }
    return "";
  }

  // " It ended at ...", as far as it is known.
  std::string Ended() const {
    if (facts_.changes.empty() || facts_.changes.back().change != AlertChange::kResolved) return "";
    return fmt::format("; it ended at {}", TimeText(facts_.changes.back().time_ms));
  }

  std::string WhyNotFiring() const {
    if (!facts_.rule.has_value()) return WithoutRule();
    const RuleFacts& rule = *facts_.rule;
    if (facts_.is_now && !rule.error.empty()) return fmt::format("its rule fails: {}", rule.error);
    if (facts_.is_now && rule.last_evaluation_ms == 0) {
      return "its rule has not been evaluated yet";
    }
    if (facts_.state.state == AlertState::kPending) {
      const int64_t fires_at_ms = facts_.state.active_at_ms + rule.for_ms;
      const int64_t left_ms = fires_at_ms - facts_.at_ms;
      if (left_ms <= 0) return "pending: it fires at the next evaluation of its rule";
      return fmt::format("pending: it fires in {}, at {}, if the condition goes on holding",
                         SpanText(left_ms), TimeText(fires_at_ms));
    }
    return ConditionText() + PastText();
  }

  std::string WithoutRule() const {
    if (!facts_.found) return fmt::format("there is no rule and no alert for {}", facts_.asked);
    if (facts_.changes.empty()) return "it has ended; nothing more is known of it" + Unheard();
    return "there is no rule of that name any more" + PastText();
  }

  std::string ConditionText() const {
    if (!facts_.read.has_value()) return "the condition does not hold";
    const ReadFacts& read = *facts_.read;
    if (!read.error.empty()) return fmt::format("its condition cannot be read: {}", read.error);
    if (read.holds && !facts_.is_now) {
      return fmt::format(
          "its rule made no alert of it then, though the condition held ({}): "
          "perhaps the rule was not there yet",
          ValueText(read));
    }
    if (read.holds) {
      return fmt::format(
          "the condition holds ({}), but its rule has not seen it yet: it is "
          "evaluated every {}",
          ValueText(read), SpanText(facts_.rule->interval_ms));
    }
    if (read.passes && read.is_ratio) {
      return fmt::format(
          "value {}, but a ratio must be sure to be beyond: its events are too few for that, or "
          "its rule has not seen them yet",
          ValueText(read));
    }
    if (read.passes) {
      return fmt::format(
          "the condition does not hold: value {}, so another part of the expression does not",
          ValueText(read));
    }
    if (read.value.has_value()) {
      const std::string what =
          read.values > 1 ? fmt::format("the nearest of {} values is", read.values) : "value";
      return fmt::format("the condition does not hold: {} {}", what, ValueText(read));
    }
    if (!facts_.rule->missing_inputs.empty()) {
      return fmt::format("there are no data: no series of {}",
                         ListText(facts_.rule->missing_inputs));
    }
    return read.series == 0 ? "there are no data for its rule"
                            : "the condition does not hold: no value for these labels";
  }

  // What became of it when it was last there.
  std::string PastText() const {
    if (facts_.changes.empty()) return "";
    const AlertEvent& last = facts_.changes.back();
    if (last.change == AlertChange::kForgotten && facts_.rule.has_value()) {
      return fmt::format("; it was pending for {} until {}, its rule asks for {}",
                         SpanText(last.time_ms - last.active_at_ms), TimeText(last.time_ms),
                         SpanText(facts_.rule->for_ms));
    }
    if (last.change != AlertChange::kResolved) return "";
    return fmt::format("; it fired from {} to {}", TimeText(last.fired_at_ms),
                       TimeText(last.time_ms)) +
           Unheard();
  }

  // Why nobody heard of it while it fired.
  std::string Unheard() const {
    if (!held_.empty()) return fmt::format(" and nobody was told: {}", held_);
    if (!lost_.empty())
      return fmt::format(" and nobody was told: {}", LostText(lost_.begin()->second));
    for (const RouteStanding& route : facts_.standing.routes) {
      if (!route.integrations.empty()) continue;
      return fmt::format(" and nobody was told: {}", NoChannelText(route.receiver));
    }
    if (fired_at_ms_ == 0) return "";
    return tells_firing_.empty() ? " and nobody was told: its group was not flushed before it ended"
                                 : " and nobody was told: it ended before the notification arrived";
  }

  static std::string LostText(const TrailAttempt& attempt) {
    return fmt::format("{} was given up at {}: {}; see vigil alerts undelivered",
                       NotificationText(attempt.notification_id, attempt.integration),
                       TimeText(attempt.time_ms), AnswerText(attempt.status, attempt.given_up));
  }

  // Why nobody is told of an alert that fires.
  std::string WhyQuiet() const {
    const AlertStanding& standing = facts_.standing;
    std::vector<std::string> silences;
    for (const Silence& silence : standing.silences) silences.push_back(SilenceText(silence));
    if (!silences.empty()) return "silenced by " + ListText(silences);
    if (standing.inhibited_by.has_value()) {
      return fmt::format("inhibited by {}, which fires", AlertText(*standing.inhibited_by));
    }
    if (!facts_.is_now) return WhyQuietThen();
    if (!standing.alert.has_value()) {
      return "the alert manager has not heard of it yet; it does when its rule is evaluated next";
    }
    std::vector<std::string> reasons;
    for (const RouteStanding& route : standing.routes) {
      for (std::string& reason : WhyRouteIsQuiet(route)) {
        if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
          reasons.push_back(std::move(reason));
        }
      }
    }
    return reasons.empty() ? "no route takes it" : fmt::format("{}", fmt::join(reasons, "; "));
  }

  // Of the past, only the trail is known.
  std::string WhyQuietThen() const {
    if (!held_.empty()) return held_;
    if (!lost_.empty()) return LostText(lost_.begin()->second);
    for (const RouteStanding& route : facts_.standing.routes) {
      if (!route.muted_by.empty()) return WhyRouteIsQuiet(route).front();
    }
    return tells_firing_.empty() ? "its group had not been flushed by then"
                                 : "its notification had not arrived by then";
  }

  std::vector<std::string> WhyRouteIsQuiet(const RouteStanding& route) const {
    if (!route.muted_by.empty()) {
      return {fmt::format("muted by the time interval {}", ListText(route.muted_by))};
    }
    if (route.integrations.empty()) {
      return {fmt::format("{}, so nobody is told", NoChannelText(route.receiver))};
    }
    std::vector<std::string> reasons;
    for (const IntegrationStanding& one : route.integrations) {
      reasons.push_back(WhyNotTold(route, one));
    }
    return reasons;
  }

  std::string WhyNotTold(const RouteStanding& route, const IntegrationStanding& one) const {
    if (one.waiting.has_value()) return WaitingText(one);
    const auto lost = lost_.find(one.integration.Key());
    if (lost != lost_.end()) return LostText(lost->second) + NextFlush(route, "; told anew");
    if (route.held_until_ms.has_value()) {
      return fmt::format(
          "the notification budget of its route is spent: {} is told in a digest, at "
          "{} at the earliest",
          IntegrationText(one.integration), TimeText(*route.held_until_ms));
    }
    if (one.told_at_ms != 0) {
      return fmt::format("{} was already told at {}, repeats at {}",
                         IntegrationText(one.integration), TimeText(one.told_at_ms),
                         TimeText(one.told_at_ms + route.repeat_interval_ms));
    }
    if (route.next_flush_ms.has_value())
      return "waits" + NextFlush(route, " for its group's flush");
    return fmt::format("it is in no group of {}", route.receiver);
  }

  std::string NextFlush(const RouteStanding& route, std::string_view before) const {
    if (!route.next_flush_ms.has_value()) return "";
    return fmt::format("{} at {} (in {})", before, TimeText(*route.next_flush_ms),
                       SpanText(std::max<int64_t>(0, *route.next_flush_ms - facts_.at_ms)));
  }

  static std::string WaitingText(const IntegrationStanding& one) {
    const WaitingNotification& waiting = *one.waiting;
    std::string text = NotificationText(waiting.id, one.integration) + " ";
    if (waiting.attempts == 0) {
      return text + (waiting.in_flight
                         ? "is being sent just now"
                         : fmt::format("is sent at {}", TimeText(waiting.next_attempt_ms)));
    }
    text +=
        fmt::format("has not arrived: {} failed, the last with {}; ",
                    waiting.attempts == 1 ? "one try" : fmt::format("{} tries", waiting.attempts),
                    AnswerText(0, waiting.last_error));
    text += waiting.in_flight ? "the next is under way"
                              : fmt::format("next try at {}", TimeText(waiting.next_attempt_ms));
    if (one.breaker_open) text += " (its receiver keeps failing, so it is tried rarely)";
    return text;
  }

  const StoryFacts& facts_;
  const uint64_t fingerprint_;
  const int64_t fired_at_ms_;
  std::set<std::string> tells_firing_;        // Ids of notifications that say that it fires.
  std::map<std::string, Page> pages_;         // By the integration's key: the first that arrived.
  std::map<std::string, TrailAttempt> lost_;  // Likewise: the last that was given up.
  std::string held_;                          // What last held it back.
};

}  // namespace

Verdict Judge(const StoryFacts& facts) { return Judgement(facts).Give(); }

}  // namespace vigil::alerting
