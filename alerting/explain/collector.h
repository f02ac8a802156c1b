// SPDX-License-Identifier: Apache-2.0
//
// Finds the alerts that a question is about and gathers what is known of each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/explain/explainer.h"
#include "alerting/explain/facts.h"
#include "alerting/explain/subject.h"

namespace vigil::alerting {

// An alert that matches, by what is known of it at first sight.
struct Candidate {
  storage::Labels labels;            // As the manager knows it.
  storage::Labels rule_labels;       // Without what is added on the way there.
  const RuleStatus* rule = nullptr;  // Of its alerts that are active: the rule,
  const ActiveAlert* active = nullptr;
  bool in_manager = false;
  int64_t changed_at_ms = 0;
  std::vector<AlertEvent> events;  // The oldest first.
};

// For one question; not thread-safe.
class Collector {
 public:
  // What it is handed must outlive it.
  Collector(const RuleEngineOptions& options, const Explainer::Dependencies& dependencies,
            const ExplainQuestion& question, AlertSubject subject)
      : options_(options),
        dependencies_(dependencies),
        question_(question),
        subject_(std::move(subject)),
        groups_(dependencies.rules->Status()) {}

  // Looks for the alerts; call it first.
  absl::Status Find();
  // What changed last first.
  const std::vector<Candidate>& candidates() const { return candidates_; }
  const AlertSubject& subject() const { return subject_; }

  FoundAlert Describe(const Candidate& candidate) const;
  absl::StatusOr<StoryFacts> Collect(const Candidate& candidate) const;
  // Where there is no such alert.
  StoryFacts CollectAbsent() const;

 private:
  // Where a rule is.
  struct Place {
    const GroupStatus* group = nullptr;
    const RuleStatus* rule = nullptr;
  };

  storage::Labels Sent(const storage::Labels& rule_labels) const;
  Candidate* At(const storage::Labels& labels);
  void FindInRules();
  void FindInManager();
  absl::Status FindInHistory(TimeRange range, size_t limit);
  absl::Status AddOlderEvents(Candidate* candidate) const;

  Place PlaceOf(const Candidate& candidate) const;
  Place PlaceOfName(std::string_view name, const storage::Labels& labels) const;
  StateFacts StateOf(const Candidate& candidate) const;
  RuleFacts DescribeRule(const Place& place) const;
  void CollectStanding(StoryFacts* facts) const;
  absl::Status CollectTrail(StoryFacts* facts) const;
  void CollectNames(StoryFacts* facts) const;

  const RuleEngineOptions& options_;
  const Explainer::Dependencies& dependencies_;
  const ExplainQuestion& question_;
  const AlertSubject subject_;
  const std::vector<GroupStatus> groups_;
  std::map<storage::Labels, Candidate> found_;  // By labels; emptied by Find.
  std::vector<Candidate> candidates_;
};

}  // namespace vigil::alerting
