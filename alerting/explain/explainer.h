// SPDX-License-Identifier: Apache-2.0
//
// Answers why alerts paged or did not, and which rules make the most noise: gathers what rule
// engine, alert history and alert manager know.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/explain/noise.h"
#include "alerting/explain/story.h"
#include "alerting/history/alert_history.h"
#include "alerting/manager/alert_manager.h"
#include "alerting/rules/rule_engine.h"
#include "base/duration.h"
#include "query/exec/engine.h"
#include "storage/kv/kv_store.h"
#include "storage/series/labels.h"
#include "storage/storage.h"

namespace vigil::alerting {

struct ExplainQuestion {
  std::string alert;  // ParseAlertSubject.
  int64_t at_ms = 0;
  bool is_now = true;
  int64_t since_ms = kMillisPerDay;  // The story begins so long before.
  size_t limit = 1;                  // Stories; of other alerts that match only the names.
  std::string other_tenant;          // See StoryFacts.
  const std::atomic<bool>* cancelled = nullptr;
};

// An alert that was asked for.
struct FoundAlert {
  storage::Labels labels;  // As the manager knows it; empty if nothing but its name is known.
  std::string state;       // "firing", "pending", "inactive"; "" without an alert.
  int64_t changed_at_ms = 0;
};

struct ExplainAnswer {
  struct Told {
    FoundAlert alert;
    Story story;
  };
  std::vector<Told> stories;       // What changed last first. Not empty.
  std::vector<FoundAlert> others;  // Likewise.
};

// Thread-safe.
class Explainer {
 public:
  // All must outlive it.
  struct Dependencies {
    const RuleEngine* rules = nullptr;
    const AlertHistory* history = nullptr;
    const AlertManager* manager = nullptr;
    storage::KeyValueStore* state = nullptr;
    const exec::Engine* engine = nullptr;
    storage::MetricSource* source = nullptr;
  };
  // `options` are those of the rules.
  Explainer(const RuleEngineOptions& options, const Dependencies& dependencies)
      : options_(options), dependencies_(dependencies) {}

  // InvalidArgument when the question names no alert.
  absl::StatusOr<ExplainAnswer> Explain(const ExplainQuestion& question) const;
  absl::StatusOr<NoiseReport> CountNoise(TimeRange range) const;

 private:
  const RuleEngineOptions options_;
  const Dependencies dependencies_;
};

}  // namespace vigil::alerting
