// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_engine.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "alerting/rules/rule_group_runner.h"
#include "alerting/rules/rule_state_rows.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using storage::Family;
using storage::WriteBatch;

// How often the process writes down that it is alive while there are alerts: what it was down for
// is known to this precision.
constexpr int64_t kAliveIntervalMs = 15'000;
// The series of a rule that is gone end after so many intervals: by then it might be back under
// another group.
constexpr int64_t kIntervalsUntilStale = 2;

using RunnerPtr = std::unique_ptr<RuleGroupRunner>;
using RunnerList = std::vector<std::shared_ptr<RuleGroupRunner>>;

// Series whose rule is gone.
struct OrphanedSeries {
  int64_t due_ms = 0;
  int64_t offset_ms = 0;
  std::vector<storage::Labels> series;
};

// What the store holds.
struct StoredState {
  std::map<std::string, std::string> rows;
  std::map<std::string, std::vector<RuleAlertRow>> by_group;
  int64_t alive_ms = 0;
};

class RuleEngineImpl final : public RuleEngine {
 public:
  RuleEngineImpl(const RuleEngineOptions& options, const Dependencies& dependencies)
      : options_(options), dependencies_(dependencies) {}

  absl::Status SetGroups(std::vector<RuleGroup> groups, int64_t now_ms) override;
  int64_t RunDue(int64_t now_ms) override;
  std::vector<GroupStatus> Status() const override;

 private:
  // The runner of a group: the one that is there if the group did not change, else a new one with
  // the state of the old one or of an earlier process.
  absl::StatusOr<std::shared_ptr<RuleGroupRunner>> MakeRunner(RuleGroup group, int64_t now_ms,
                                                              StoredState* stored,
                                                              std::vector<OrphanedSeries>* orphans)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(run_mutex_);
  std::shared_ptr<RuleGroupRunner> FindRunner(std::string_view key) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(run_mutex_);
  absl::StatusOr<StoredState> ReadState() const;
  // Makes the store hold exactly the rows of `runners`.
  absl::Status SyncState(const RunnerList& runners, const StoredState& stored, int64_t now_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(run_mutex_);
  void EndOrphans(int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(run_mutex_);
  void SayAlive(int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(run_mutex_);
  int64_t NextDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(run_mutex_);
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(run_mutex_);

  const RuleEngineOptions options_;
  const Dependencies dependencies_;

  // Held while rules are evaluated or replaced, which may take long.
  Mutex run_mutex_;
  RunnerList runners_ ABSL_GUARDED_BY(run_mutex_);
  std::vector<OrphanedSeries> orphans_ ABSL_GUARDED_BY(run_mutex_);
  bool restored_ ABSL_GUARDED_BY(run_mutex_) = false;
  int64_t said_alive_ms_ ABSL_GUARDED_BY(run_mutex_) = std::numeric_limits<int64_t>::min() / 2;

  // What others see, held for a moment only.
  mutable Mutex status_mutex_;
  std::vector<GroupStatus> status_ ABSL_GUARDED_BY(status_mutex_);
};

absl::Status RuleEngineImpl::SetGroups(std::vector<RuleGroup> groups, int64_t now_ms) {
  const MutexLock lock(&run_mutex_);
  VIGIL_ASSIGN_OR_RETURN(StoredState stored, ReadState());
  RunnerList runners;
  StringSet keys;
  std::vector<OrphanedSeries> orphans;
  for (RuleGroup& group : groups) {
    if (!keys.insert(GroupKey(group)).second) {
      return absl::InvalidArgumentError(
          fmt::format("group \"{}\" of {} is there twice", group.name, group.file));
    }
    VIGIL_ASSIGN_OR_RETURN(auto runner, MakeRunner(std::move(group), now_ms, &stored, &orphans));
    runners.push_back(std::move(runner));
  }
  VIGIL_RETURN_IF_ERROR_WITH(SyncState(runners, stored, now_ms), "writing rule state");
  for (const auto& old : runners_) {
    if (keys.contains(old->key())) continue;
    OrphanedSeries gone = {
        now_ms + kIntervalsUntilStale * old->interval_ms(), old->offset_ms(), {}};
    for (const RunningRule& rule : old->rules()) {
      gone.series.insert(gone.series.end(), rule.series.begin(), rule.series.end());
    }
    orphans.push_back(std::move(gone));
  }
  std::move(orphans.begin(), orphans.end(), std::back_inserter(orphans_));
  runners_ = std::move(runners);
  restored_ = true;
  Publish();
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<RuleGroupRunner>> RuleEngineImpl::MakeRunner(
    RuleGroup group, int64_t now_ms, StoredState* stored, std::vector<OrphanedSeries>* orphans) {
  const std::string key = GroupKey(group);
  const std::shared_ptr<RuleGroupRunner> old = FindRunner(key);
  if (old != nullptr && old->group() == group) return old;
  VIGIL_ASSIGN_OR_RETURN(
      RunnerPtr runner, RuleGroupRunner::Create(std::move(group), options_, dependencies_, now_ms));
  if (old != nullptr) {
    std::vector<storage::Labels> series = runner->Adopt(*old);
    if (!series.empty())
      orphans->push_back({now_ms + kIntervalsUntilStale * runner->interval_ms(),
                          runner->offset_ms(), std::move(series)});
  } else if (!restored_ && now_ms - stored->alive_ms <= options_.for_outage_tolerance_ms) {
    runner->Restore(std::move(stored->by_group[key]), stored->alive_ms, now_ms);
  }
  return std::shared_ptr<RuleGroupRunner>(std::move(runner));
}

std::shared_ptr<RuleGroupRunner> RuleEngineImpl::FindRunner(std::string_view key) const {
  const auto found = std::find_if(runners_.begin(), runners_.end(),
                                  [key](const auto& runner) { return runner->key() == key; });
  return found == runners_.end() ? nullptr : *found;
}

absl::StatusOr<StoredState> RuleEngineImpl::ReadState() const {
  StoredState stored;
  const std::string prefix(kRuleRowPrefix);
  const absl::Status read =
      storage::ForEach(*dependencies_.state, Family::kState, {prefix, storage::PrefixEnd(prefix)},
                       [&stored](std::string_view key, std::string_view value) {
                         if (key == kRuleAliveKey) {
                           // Unreadable, it counts as long ago: all alerts begin anew.
                           stored.alive_ms = DecodeRuleAlive(value).value_or(0);
                           return absl::OkStatus();
                         }
                         stored.rows.emplace(key, value);
                         absl::StatusOr<RuleAlertRow> row = DecodeRuleAlert(value);
                         if (row.ok()) {
                           stored.by_group[row->address.group_key].push_back(*std::move(row));
                         } else {
                           // One alert begins anew; the others are worth keeping. The row goes with
                           // the next write.
                           Log(LogLevel::kError, "alert state is not readable",
                               {{"key", key}, {"error", MessageOf(row.status())}});
                         }
                         return absl::OkStatus();
                       });
  VIGIL_RETURN_IF_ERROR_WITH(read, "reading rule state");
  return stored;
}

absl::Status RuleEngineImpl::SyncState(const RunnerList& runners, const StoredState& stored,
                                       int64_t now_ms) {
  WriteBatch batch;
  std::map<std::string, std::string> obsolete = stored.rows;
  for (const auto& runner : runners) {
    for (auto& [key, value] : runner->StateRows()) {
      const auto row = obsolete.find(key);
      const bool same = row != obsolete.end() && row->second == value;
      if (row != obsolete.end()) obsolete.erase(row);
      if (!same) batch.Put(Family::kState, key, value);
    }
  }
  for (const auto& [key, value] : obsolete) batch.Delete(Family::kState, key);
  if (batch.empty()) return absl::OkStatus();
  batch.Put(Family::kState, std::string(kRuleAliveKey), EncodeRuleAlive(now_ms));
  return dependencies_.state->Write(batch, storage::Durability::kSync);
}

int64_t RuleEngineImpl::RunDue(int64_t now_ms) {
  const MutexLock lock(&run_mutex_);
  RunnerList due;
  for (const auto& runner : runners_) {
    if (runner->next_slot_ms() <= now_ms) due.push_back(runner);
  }
  std::stable_sort(due.begin(), due.end(), [](const auto& a, const auto& b) {
    return a->next_slot_ms() < b->next_slot_ms();
  });
  for (const auto& runner : due) {
    if (runner->Evaluate(now_ms)) said_alive_ms_ = now_ms;
  }
  EndOrphans(now_ms);
  if (!due.empty()) {
    SayAlive(now_ms);
    Publish();
  }
  return NextDue();
}

void RuleEngineImpl::EndOrphans(int64_t now_ms) {
  std::vector<storage::LabeledSample> markers;
  for (const OrphanedSeries& orphaned : orphans_) {
    if (orphaned.due_ms > now_ms) continue;
    for (const storage::Labels& labels : orphaned.series) {
      const bool adopted =
          std::any_of(runners_.begin(), runners_.end(), [&labels](const auto& runner) {
            return std::any_of(
                runner->rules().begin(), runner->rules().end(),
                [&labels](const RunningRule& rule) { return rule.series.contains(labels); });
          });
      if (adopted) continue;
      storage::LabeledSample marker;
      marker.labels = labels;
      marker.time_ms = orphaned.due_ms - orphaned.offset_ms;
      marker.value = storage::StaleNan();
      markers.push_back(std::move(marker));
    }
  }
  std::erase_if(orphans_, [now_ms](const auto& orphaned) { return orphaned.due_ms <= now_ms; });
  if (markers.empty()) return;
  const absl::Status written = dependencies_.output->Append(markers, {}).status();
  if (written.ok()) return;
  // Without its marker a series ends when queries stop looking back at it.
  Log(LogLevel::kWarning, "ends of series of removed rules could not be written",
      {{"error", MessageOf(written)}});
}

void RuleEngineImpl::SayAlive(int64_t now_ms) {
  const bool has_alerts = std::any_of(runners_.begin(), runners_.end(),
                                      [](const auto& runner) { return runner->HasAlerts(); });
  if (!has_alerts || now_ms - said_alive_ms_ < kAliveIntervalMs) return;
  WriteBatch batch;
  batch.Put(Family::kState, std::string(kRuleAliveKey), EncodeRuleAlive(now_ms));
  // Not worth a sync: losing it makes the outage look longer by what power loss may take.
  const absl::Status written = dependencies_.state->Write(batch, storage::Durability::kNoSync);
  if (written.ok()) said_alive_ms_ = now_ms;
}

int64_t RuleEngineImpl::NextDue() const {
  int64_t next_ms = std::numeric_limits<int64_t>::max();
  for (const auto& runner : runners_) next_ms = std::min(next_ms, runner->next_slot_ms());
  for (const OrphanedSeries& orphaned : orphans_) next_ms = std::min(next_ms, orphaned.due_ms);
  return next_ms;
}

void RuleEngineImpl::Publish() {
  std::vector<GroupStatus> status;
  for (const auto& runner : runners_) status.push_back(runner->Status());
  const MutexLock lock(&status_mutex_);
  status_ = std::move(status);
}

std::vector<GroupStatus> RuleEngineImpl::Status() const {
  const MutexLock lock(&status_mutex_);
  return status_;
}

}  // namespace

std::string_view RuleHealthName(RuleHealth health) {
  switch (health) {
    case RuleHealth::kUnknown:
      return "unknown";
    case RuleHealth::kOk:
      return "ok";
    case RuleHealth::kError:
      return "err";
  }
  return "unknown";
}

absl::StatusOr<std::unique_ptr<RuleEngine>> RuleEngine::Create(const RuleEngineOptions& options,
                                                               const Dependencies& dependencies) {
  if (options.default_interval_ms <= 0) {
    return absl::InvalidArgumentError("the evaluation interval of rules must be positive");
  }
  VIGIL_CHECK(dependencies.engine != nullptr && dependencies.source != nullptr &&
              dependencies.output != nullptr && dependencies.state != nullptr);
  return std::make_unique<RuleEngineImpl>(options, dependencies);
}

}  // namespace vigil::alerting
