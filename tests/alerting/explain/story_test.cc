// SPDX-License-Identifier: Apache-2.0
//
// Runs testdata/stories.txt: facts in, stories out. The moment that is asked about is 12:00:00 of
// 2026-01-01; times are given as HH:MM:SS of that day. A case is a list of facts, one a line:
//
//   alert name=A k=v ...           the alert; without it nothing was found, and `asked` was
//   outside since=T                it comes from outside
//   rule for=5m expr=... error=... missing=...   its rule, evaluated every 15s
//   read series= samples= value= values= op= threshold= [holds] [passes] error=
//   state pending|firing active=T fired=T
//   pending|firing|resolved|forgotten T active=T fired=T value= reason=
//   silence id= by= comment= until=T [active]    known; `active`: it keeps the alert quiet now
//   inhibitor name=B ...           an alert that the trail may name; `now`: it inhibits now
//   route receiver=R [none]        to a webhook (none: no channel) of it; muted=N flush=T told=T
//   budget=T waiting id= attempts= next=T error= [sending] [open]   of the last route told T id=
//   [resolved] [others=N]  held T silence= interval= [inhibited] delivered|failed|gave-up T id=
//   status= error= next=T then                           the moment is not the present tenant NAME
//   who asks flaps                          it does
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/alert.h"
#include "alerting/explain/story.h"
#include "alerting/explain/wording.h"
#include "base/duration.h"
#include "base/strings.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::alerting {
namespace {

using vigil::testing::TextCase;

// A line of facts: words, some of them `key=value`; "_" in values stands for a space.
class Fact {
 public:
  explicit Fact(const std::string& line) {
    std::istringstream words(line);
    for (std::string word; words >> word;) words_.push_back(std::move(word));
  }

  const std::string& name() const { return words_.at(0); }
  const std::string& word(size_t i) const { return words_.at(i); }
  bool Has(std::string_view flag) const {
    return std::find(words_.begin(), words_.end(), flag) != words_.end();
  }
  std::string Text(std::string_view key, std::string_view fallback = "") const {
    for (const std::string& word : words_) {
      if (!word.starts_with(std::string(key) + "=")) continue;
      std::string value = word.substr(key.size() + 1);
      std::replace(value.begin(), value.end(), '_', ' ');
      return value;
    }
    return std::string(fallback);
  }
  int64_t Number(std::string_view key) const { return std::stoll(Text(key, "0")); }
  int64_t Time(std::string_view key) const {
    const std::string text = Text(key);
    return text.empty() ? 0 : TimeOf(text);
  }
  int64_t time() const { return TimeOf(words_.at(1)); }
  // All of its pairs; the alert's name is `name`.
  storage::Labels Labels() const {
    storage::LabelsBuilder labels;
    for (size_t i = 1; i < words_.size(); ++i) {
      const size_t equals = words_[i].find('=');
      if (equals == std::string::npos) continue;
      const std::string key = words_[i].substr(0, equals);
      labels.Set(key == "name" ? "alertname" : key, words_[i].substr(equals + 1));
    }
    return labels.Build();
  }

  static int64_t TimeOf(const std::string& clock) {
    const auto parsed = ParseInstantMs(fmt::format("2026-01-01T{}Z", clock), 0);
    EXPECT_OK(parsed) << clock;
    return parsed.value_or(0);
  }

 private:
  std::vector<std::string> words_;
};

class FactReader {
 public:
  StoryFacts Read(const std::string& input) {
    facts_.at_ms = Fact::TimeOf("12:00:00");
    std::istringstream lines(input);
    for (std::string line; std::getline(lines, line);) Take(Fact(line));
    return std::move(facts_);
  }

 private:
  void Take(const Fact& fact) {
    const std::string& name = fact.name();
    if (name == "asked") facts_.asked = fact.word(1);
    if (name == "then") facts_.is_now = false;
    if (name == "tenant") facts_.other_tenant = fact.word(1);
    if (name == "flaps") facts_.standing.flapping = "fired 4 times within 1h";
    if (name == "alert") {
      facts_.found = true;
      facts_.labels = fact.Labels();
    }
    if (name == "outside") TakeKnown(fact.Time("since"));
    if (name == "rule") TakeRule(fact);
    if (name == "read") TakeRead(fact);
    if (name == "state") TakeState(fact);
    AlertChange change;
    if (ParseAlertChange(name, &change).ok()) TakeChange(change, fact);
    if (name == "silence") TakeSilence(fact);
    if (name == "inhibitor") TakeInhibitor(fact);
    if (name == "route") TakeRoute(fact);
    if (name == "waiting") TakeWaiting(fact);
    if (name == "told") TakeTold(fact);
    if (name == "held") TakeHeld(fact);
    if (name == "delivered" || name == "failed" || name == "gave-up") TakeAttempt(fact);
  }

  void TakeKnown(int64_t since_ms) {
    facts_.standing.alert.emplace();
    facts_.standing.alert->labels = facts_.labels;
    facts_.standing.alert->starts_at_ms = since_ms;
  }

  void TakeRule(const Fact& fact) {
    RuleFacts rule;
    rule.file = "r.yml";
    rule.group = "g";
    rule.name = "A";
    rule.expr = fact.Text("expr", "x > 5");
    rule.for_ms = *ParseDurationMs(fact.Text("for", "0"));
    rule.interval_ms = 15'000;
    rule.last_evaluation_ms = fact.Has("new") ? 0 : Fact::TimeOf("11:59:50");
    rule.error = fact.Text("error");
    if (const std::string missing = fact.Text("missing"); !missing.empty()) {
      rule.missing_inputs = {missing};
    }
    facts_.rule = rule;
  }

  void TakeRead(const Fact& fact) {
    ReadFacts read;
    read.time_ms = fact.Text("at").empty() ? facts_.at_ms : fact.Time("at");
    read.error = fact.Text("error");
    read.series = fact.Number("series");
    read.samples = fact.Number("samples");
    read.holds = fact.Has("holds");
    read.passes = fact.Has("passes");
    double value = 0;
    if (ParseDouble(fact.Text("value"), &value)) read.value = value;
    read.values = fact.Text("values").empty() ? 1 : fact.Number("values");
    read.op = fact.Text("op");
    ParseDouble(fact.Text("threshold"), &read.threshold);
    facts_.read = read;
  }

  void TakeState(const Fact& fact) {
    const bool fires = fact.Has("firing");
    facts_.state.state = fires ? AlertState::kFiring : AlertState::kPending;
    facts_.state.active_at_ms = fact.Time("active");
    facts_.state.fired_at_ms = fact.Time("fired");
    if (fires && !fact.Has("unheard")) TakeKnown(fact.Time("fired"));
  }

  void TakeChange(AlertChange change, const Fact& fact) {
    AlertEvent event;
    event.change = change;
    event.time_ms = fact.time();
    event.active_at_ms = fact.Time("active");
    event.fired_at_ms = fact.Time("fired");
    event.labels = facts_.labels;
    event.reason = fact.Text("reason");
    ParseDouble(fact.Text("value", "7"), &event.value);
    facts_.changes.push_back(event);
  }

  void TakeSilence(const Fact& fact) {
    Silence silence;
    silence.id = fact.Text("id");
    silence.created_by = fact.Text("by");
    silence.comment = fact.Text("comment");
    silence.ends_at_ms = fact.Time("until");
    facts_.silences[silence.id] = silence;
    if (fact.Has("active")) facts_.standing.silences.push_back(silence);
  }

  void TakeInhibitor(const Fact& fact) {
    inhibitor_ = Fingerprint(fact.Labels());
    facts_.alerts[inhibitor_] = fact.Labels();
    if (fact.Has("now")) facts_.standing.inhibited_by = fact.Labels();
  }

  void TakeRoute(const Fact& fact) {
    RouteStanding route;
    route.route = "{}";
    route.receiver = fact.Text("receiver");
    route.group_by = {"alertname"};
    route.group_wait_ms = 30'000;
    route.group_interval_ms = 300'000;
    route.repeat_interval_ms = 4 * 3'600'000;
    route.group_id = "{}:{}";
    if (const std::string muted = fact.Text("muted"); !muted.empty()) route.muted_by = {muted};
    if (!fact.Text("flush").empty()) route.next_flush_ms = fact.Time("flush");
    if (!fact.Text("budget").empty()) route.held_until_ms = fact.Time("budget");
    if (!fact.Has("none")) {
      IntegrationStanding one;
      one.integration = {route.group_id, route.receiver, 0, "webhook"};
      one.told_at_ms = fact.Time("told");
      route.integrations.push_back(one);
    }
    facts_.standing.routes.push_back(route);
  }

  void TakeWaiting(const Fact& fact) {
    IntegrationStanding& one = facts_.standing.routes.back().integrations.back();
    one.waiting = {.id = fact.Text("id"),
                   .flushed_at_ms = 0,
                   .next_attempt_ms = fact.Time("next"),
                   .attempts = fact.Number("attempts"),
                   .last_error = fact.Text("error"),
                   .in_flight = fact.Has("sending")};
    one.breaker_open = fact.Has("open");
  }

  Integration IntegrationOf(const Fact& fact) const {
    return {"{}:{}", fact.Text("receiver", "team"), 0, "webhook"};
  }

  void TakeTold(const Fact& fact) {
    TrailFlush flush;
    flush.time_ms = fact.time();
    flush.integration = IntegrationOf(fact);
    flush.reason = fact.Text("reason", "first notification");
    flush.notification_id = fact.Text("id");
    const bool resolved = fact.Has("resolved");
    auto& sets = resolved ? flush.told.resolved : flush.told.firing;
    sets.push_back(Fingerprint(facts_.labels));
    for (int64_t i = 0; i < fact.Number("others"); ++i) flush.told.firing.push_back(i);
    facts_.trail.push_back(flush);
  }

  void TakeHeld(const Fact& fact) {
    HeldAlerts held;
    held.alerts = {Fingerprint(facts_.labels)};
    if (const std::string id = fact.Text("silence"); !id.empty()) held.silenced_by = {id};
    if (const std::string name = fact.Text("interval"); !name.empty()) held.muted_by = {name};
    if (fact.Has("inhibited")) held.inhibited_by = inhibitor_;
    held.budget = fact.Text("budget");
    TrailFlush flush;
    flush.time_ms = fact.time();
    flush.integration = {"{}:{}", "team", 0, ""};
    flush.held = {held};
    facts_.trail.push_back(flush);
  }

  void TakeAttempt(const Fact& fact) {
    TrailAttempt attempt;
    attempt.time_ms = fact.time();
    attempt.integration = IntegrationOf(fact);
    attempt.notification_id = fact.Text("id");
    attempt.status = static_cast<int>(fact.Number("status"));
    attempt.delivered = fact.name() == "delivered";
    if (fact.name() == "failed") attempt.error = fact.Text("error");
    if (fact.name() == "gave-up") attempt.given_up = fact.Text("error");
    attempt.retry_at_ms = fact.Time("next");
    facts_.trail.push_back(attempt);
  }

  StoryFacts facts_;
  uint64_t inhibitor_ = 1;
};

TEST(StoryTest, IsWhatTheFactsSay) {
  vigil::testing::RunTextScript(
      "tests/alerting/explain/testdata/stories.txt", [](const TextCase& one) {
        const Story story = TellStory(FactReader().Read(one.input));
        std::string out;
        if (one.command == "story") {
          for (const StoryStep& step : story.steps) {
            out += fmt::format("{} {}: {}\n", step.time_ms == 0 ? "-" : TimeText(step.time_ms),
                               step.kind, step.text);
          }
        }
        return out + (story.verdict.paged ? "PAGED " : "NOT PAGED ") + story.verdict.text + "\n";
      });
}

}  // namespace
}  // namespace vigil::alerting
