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
#include "base/thread_pool.h"

namespace vigil::alerting {
namespace {

using storage::Family;
using storage::WriteBatch;

// How often an evaluation writes down that the process is alive while there are alerts: what it was
// down for counts from then, so that a pending alert may lose so much of its age at a crash.
constexpr int64_t kAliveIntervalMs = 1000;
// The series of a rule that is gone end after so many intervals: by then it might be back under
// another group.
constexpr int64_t kIntervalsUntilStale = 2;
// How often it is looked whether a group has ended that is due again.
constexpr int64_t kLateWaitMs = 10;

using RunnerPtr = std::unique_ptr<RuleGroupRunner>;

// A group and what the engine knows of it while it may be at work.
struct Member {
  std::shared_ptr<RuleGroupRunner> runner;
  bool busy = false;   // A thread evaluates it; nobody else may touch the runner.
  int64_t due_ms = 0;  // When it is to be evaluated next.
  bool has_alerts = false;
  std::shared_ptr<const GroupStatus> status;
};
using MemberList = std::vector<std::shared_ptr<Member>>;

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
  ~RuleEngineImpl() override {
    const MutexLock lock(&mutex_);
    WaitUntilIdle();
  }

  absl::Status SetGroups(std::vector<RuleGroup> groups, int64_t now_ms) override;
  int64_t RunDue(int64_t now_ms) override;
  std::vector<GroupStatus> Status() const override;

 private:
  // The member for a group: the one that is there if the group did not change, else a new one with
  // the state of the old one or of an earlier process.
  absl::StatusOr<std::shared_ptr<Member>> MakeMember(RuleGroup group, int64_t now_ms,
                                                     StoredState* stored,
                                                     std::vector<OrphanedSeries>* orphans)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<Member> Find(std::string_view key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<StoredState> ReadState() const;
  // Makes the store hold exactly the rows of `members`.
  absl::Status SyncState(const MemberList& members, const StoredState& stored, int64_t now_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Tells the recorder of an alert whose row goes because nobody carries it on.
  void RecordGone(std::string_view row, int64_t now_ms, WriteBatch* batch) const;
  // No group is evaluated when it returns, nor until the lock is given up.
  void WaitUntilIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  MemberList TakeDue(int64_t now_ms) ABSL_LOCKS_EXCLUDED(mutex_);
  void Evaluate(const std::shared_ptr<Member>& member, int64_t now_ms) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndOrphans(int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SayAlive(int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t NextDue(int64_t now_ms) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const RuleEngineOptions options_;
  const Dependencies dependencies_;

  // Not held while rules are evaluated, but for as long as it takes to replace them.
  mutable Mutex mutex_;
  CondVar idle_;  // A group has been evaluated.
  MemberList members_ ABSL_GUARDED_BY(mutex_);
  int64_t busy_ ABSL_GUARDED_BY(mutex_) = 0;  // How many members are.
  std::vector<OrphanedSeries> orphans_ ABSL_GUARDED_BY(mutex_);
  bool restored_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t said_alive_ms_ ABSL_GUARDED_BY(mutex_) = std::numeric_limits<int64_t>::min() / 2;
};

void Publish(Member* member) {
  member->due_ms = member->runner->next_slot_ms();
  member->has_alerts = member->runner->HasAlerts();
  member->status = std::make_shared<const GroupStatus>(member->runner->Status());
}

absl::Status RuleEngineImpl::SetGroups(std::vector<RuleGroup> groups, int64_t now_ms) {
  const MutexLock lock(&mutex_);
  WaitUntilIdle();
  VIGIL_ASSIGN_OR_RETURN(StoredState stored, ReadState());
  MemberList members;
  StringSet keys;
  std::vector<OrphanedSeries> orphans;
  for (RuleGroup& group : groups) {
    if (!keys.insert(GroupKey(group)).second) {
      return absl::InvalidArgumentError(
          fmt::format("group \"{}\" of {} is there twice", group.name, group.file));
    }
    VIGIL_ASSIGN_OR_RETURN(auto member, MakeMember(std::move(group), now_ms, &stored, &orphans));
    members.push_back(std::move(member));
  }
  VIGIL_RETURN_IF_ERROR_WITH(SyncState(members, stored, now_ms), "writing rule state");
  for (const auto& member : members_) {
    const RuleGroupRunner& old = *member->runner;
    if (keys.contains(old.key())) continue;
    OrphanedSeries gone = {now_ms + kIntervalsUntilStale * old.interval_ms(), old.offset_ms(), {}};
    for (const RunningRule& rule : old.rules()) {
      gone.series.insert(gone.series.end(), rule.output.series.begin(), rule.output.series.end());
    }
    orphans.push_back(std::move(gone));
  }
  std::move(orphans.begin(), orphans.end(), std::back_inserter(orphans_));
  members_ = std::move(members);
  restored_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Member>> RuleEngineImpl::MakeMember(
    RuleGroup group, int64_t now_ms, StoredState* stored, std::vector<OrphanedSeries>* orphans) {
  const std::string key = GroupKey(group);
  const std::shared_ptr<Member> old = Find(key);
  if (old != nullptr && old->runner->group() == group) return old;
  VIGIL_ASSIGN_OR_RETURN(
      RunnerPtr runner, RuleGroupRunner::Create(std::move(group), options_, dependencies_, now_ms));
  if (old != nullptr) {
    std::vector<storage::Labels> series = runner->Adopt(*old->runner);
    if (!series.empty())
      orphans->push_back({now_ms + kIntervalsUntilStale * runner->interval_ms(),
                          runner->offset_ms(), std::move(series)});
  } else if (!restored_ && now_ms - stored->alive_ms <= options_.for_outage_tolerance_ms) {
    runner->Restore(std::move(stored->by_group[key]), stored->alive_ms, now_ms);
  }
  auto member = std::make_shared<Member>();
  member->runner = std::move(runner);
  Publish(member.get());
  return member;
}

std::shared_ptr<Member> RuleEngineImpl::Find(std::string_view key) const {
  const auto found = std::find_if(members_.begin(), members_.end(), [key](const auto& member) {
    return member->runner->key() == key;
  });
  return found == members_.end() ? nullptr : *found;
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

absl::Status RuleEngineImpl::SyncState(const MemberList& members, const StoredState& stored,
                                       int64_t now_ms) {
  WriteBatch batch;
  std::map<std::string, std::string> obsolete = stored.rows;
  for (const auto& member : members) {
    for (auto& [key, value] : member->runner->StateRows()) {
      const auto row = obsolete.find(key);
      const bool same = row != obsolete.end() && row->second == value;
      if (row != obsolete.end()) obsolete.erase(row);
      if (!same) batch.Put(Family::kState, key, value);
    }
  }
  for (const auto& [key, value] : obsolete) {
    batch.Delete(Family::kState, key);
    RecordGone(value, now_ms, &batch);
  }
  if (batch.empty()) return absl::OkStatus();
  batch.Put(Family::kState, std::string(kRuleAliveKey), EncodeRuleAlive(now_ms));
  return dependencies_.state->Write(batch, storage::Durability::kSync);
}

void RuleEngineImpl::RecordGone(std::string_view row, int64_t now_ms, WriteBatch* batch) const {
  if (dependencies_.recorder == nullptr) return;
  const absl::StatusOr<RuleAlertRow> gone = DecodeRuleAlert(row);
  if (!gone.ok() || gone->alert.alert.state == AlertState::kInactive) return;
  AlertEvent event = MakeAlertEvent(gone->address, gone->alert, AlertChange::kForgotten, now_ms);
  event.reason = "no rule carries it on";
  dependencies_.recorder->Record(std::move(event), batch);
}

void RuleEngineImpl::WaitUntilIdle() {
  while (busy_ > 0) idle_.wait(mutex_);
}

MemberList RuleEngineImpl::TakeDue(int64_t now_ms) {
  const MutexLock lock(&mutex_);
  MemberList due;
  for (const auto& member : members_) {
    if (!member->busy && member->due_ms <= now_ms) due.push_back(member);
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const auto& a, const auto& b) { return a->due_ms < b->due_ms; });
  for (const auto& member : due) {
    member->busy = true;
    member->due_ms = member->runner->SlotAfter(now_ms);
  }
  busy_ += static_cast<int64_t>(due.size());
  return due;
}

void RuleEngineImpl::Evaluate(const std::shared_ptr<Member>& member, int64_t now_ms) {
  const bool wrote = member->runner->Evaluate(now_ms);
  const MutexLock lock(&mutex_);
  if (wrote) said_alive_ms_ = now_ms;
  Publish(member.get());
  member->busy = false;
  --busy_;
  SayAlive(now_ms);
  idle_.notify_all();
}

int64_t RuleEngineImpl::RunDue(int64_t now_ms) {
  for (const auto& member : TakeDue(now_ms)) {
    const auto work = [this, member, now_ms] { Evaluate(member, now_ms); };
    // The engine may be gone as soon as the group is evaluated.
    const bool handed_over =
        dependencies_.workers != nullptr &&
        dependencies_.workers->TrySubmit([work, evaluated = dependencies_.evaluated] {
          work();
          if (evaluated) evaluated();
        });
    if (!handed_over) work();
  }
  const MutexLock lock(&mutex_);
  EndOrphans(now_ms);
  return NextDue(now_ms);
}

void RuleEngineImpl::EndOrphans(int64_t now_ms) {
  const auto is_due = [now_ms](const auto& orphaned) { return orphaned.due_ms <= now_ms; };
  if (std::none_of(orphans_.begin(), orphans_.end(), is_due)) return;
  WaitUntilIdle();
  std::vector<storage::LabeledSample> markers;
  for (const OrphanedSeries& orphaned : orphans_) {
    if (!is_due(orphaned)) continue;
    for (const storage::Labels& labels : orphaned.series) {
      const bool adopted =
          std::any_of(members_.begin(), members_.end(), [&labels](const auto& member) {
            return std::any_of(
                member->runner->rules().begin(), member->runner->rules().end(),
                [&labels](const RunningRule& rule) { return rule.output.series.contains(labels); });
          });
      if (adopted) continue;
      storage::LabeledSample marker;
      marker.labels = labels;
      marker.time_ms = orphaned.due_ms - orphaned.offset_ms;
      marker.value = storage::StaleNan();
      markers.push_back(std::move(marker));
    }
  }
  std::erase_if(orphans_, is_due);
  if (markers.empty()) return;
  const absl::Status written = dependencies_.output->Append(markers, {}).status();
  if (written.ok()) return;
  // Without its marker a series ends when queries stop looking back at it.
  Log(LogLevel::kWarning, "ends of series of removed rules could not be written",
      {{"error", MessageOf(written)}});
}

void RuleEngineImpl::SayAlive(int64_t now_ms) {
  const bool has_alerts = std::any_of(members_.begin(), members_.end(),
                                      [](const auto& member) { return member->has_alerts; });
  if (!has_alerts || now_ms - said_alive_ms_ < kAliveIntervalMs) return;
  WriteBatch batch;
  batch.Put(Family::kState, std::string(kRuleAliveKey), EncodeRuleAlive(now_ms));
  // Not worth a sync: losing it makes the outage look longer by what power loss may take.
  const absl::Status written = dependencies_.state->Write(batch, storage::Durability::kNoSync);
  if (written.ok()) said_alive_ms_ = now_ms;
}

int64_t RuleEngineImpl::NextDue(int64_t now_ms) const {
  int64_t next_ms = std::numeric_limits<int64_t>::max();
  for (const auto& member : members_) {
    // One that takes longer than its interval is due again when it has ended.
    const bool late = member->busy && member->due_ms <= now_ms;
    next_ms = std::min(next_ms, late ? now_ms + kLateWaitMs : member->due_ms);
  }
  for (const OrphanedSeries& orphaned : orphans_) next_ms = std::min(next_ms, orphaned.due_ms);
  return next_ms;
}

std::vector<GroupStatus> RuleEngineImpl::Status() const {
  std::vector<std::shared_ptr<const GroupStatus>> published;
  {
    const MutexLock lock(&mutex_);
    for (const auto& member : members_) published.push_back(member->status);
  }
  std::vector<GroupStatus> status;
  for (const auto& group : published) status.push_back(*group);
  return status;
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
