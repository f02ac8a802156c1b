// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/explainer.h"

#include <algorithm>
#include <utility>

#include "alerting/explain/collector.h"
#include "base/status.h"

namespace vigil::alerting {

absl::StatusOr<ExplainAnswer> Explainer::Explain(const ExplainQuestion& question) const {
  VIGIL_ASSIGN_OR_RETURN(AlertSubject subject, ParseAlertSubject(question.alert));
  ExplainAnswer answer;
  if (!question.other_tenant.empty()) {
    // What there is belongs to the default tenant.
    StoryFacts facts;
    facts.at_ms = question.at_ms;
    facts.is_now = question.is_now;
    facts.asked = subject.text;
    facts.other_tenant = question.other_tenant;
    answer.stories.push_back({{}, TellStory(facts)});
    answer.stories.back().alert.labels = subject.NamedLabels();
    return answer;
  }
  Collector collector(options_, dependencies_, question, std::move(subject));
  VIGIL_RETURN_IF_ERROR(collector.Find());
  const size_t stories = std::max<size_t>(1, question.limit);
  for (const Candidate& candidate : collector.candidates()) {
    if (answer.stories.size() == stories) {
      answer.others.push_back(collector.Describe(candidate));
      continue;
    }
    VIGIL_ASSIGN_OR_RETURN(const StoryFacts facts, collector.Collect(candidate));
    answer.stories.push_back({collector.Describe(candidate), TellStory(facts)});
  }
  if (answer.stories.empty()) {
    answer.stories.push_back({{}, TellStory(collector.CollectAbsent())});
    answer.stories.back().alert.labels = collector.subject().NamedLabels();
  }
  return answer;
}

absl::StatusOr<NoiseReport> Explainer::CountNoise(TimeRange range) const {
  NoiseCounter counter(range, options_.external_labels);
  for (const AlertView& alert : dependencies_.manager->ListAlerts({}, range.end_ms)) {
    counter.AddName(alert.alert.labels);
  }
  for (const GroupStatus& group : dependencies_.rules->Status()) {
    for (const RuleStatus& rule : group.rules) {
      for (const ActiveAlert& alert : rule.alerts) {
        if (alert.state == AlertState::kFiring) counter.AddFiring(alert.labels, alert.fired_at_ms);
      }
    }
  }
  HistoryQuery query;
  query.range = range;
  VIGIL_ASSIGN_OR_RETURN(const HistoryAnswer history, dependencies_.history->Read(query));
  for (auto event = history.events.rbegin(); event != history.events.rend(); ++event) {
    counter.Add(*event);
  }
  VIGIL_RETURN_IF_ERROR(ReadTrail(
      *dependencies_.state, range, [](std::string_view) { return true; },
      [&counter](const TrailEntry& entry) { counter.Add(entry); }));
  return counter.Finish();
}

}  // namespace vigil::alerting
