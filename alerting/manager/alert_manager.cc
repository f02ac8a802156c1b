// SPDX-License-Identifier: Apache-2.0
//
// Drives the parts of the manager in the order of time, and commits what they decide before
// anything leaves.
#include "alerting/manager/alert_manager.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "alerting/manager/courier.h"
#include "alerting/manager/dispatcher.h"
#include "alerting/manager/manager_gauges.h"
#include "alerting/manager/manager_state.h"
#include "alerting/manager/route.h"
#include "alerting/manager/standing.h"
#include "alerting/manager/viewer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

// How often to look for the end of deliveries while there are some: late enough to cost nothing,
// soon enough that a kill rarely finds one that is delivered but not noted.
constexpr int64_t kEndingPollMs = 20;
// When to try again after the store refused a write.
constexpr int64_t kStoreRetryMs = 1'000;
// Alertmanager's interval for forgetting resolved alerts.
constexpr int64_t kCollectIntervalMs = 30 * kMillisPerMinute;

// `config` on the heap, where pointers to its routes stay valid, and with its routes named even if
// it does not come from a file.
std::shared_ptr<const ManagerConfig> Keep(ManagerConfig config) {
  NameRoutes(&config.route);
  return std::make_shared<const ManagerConfig>(std::move(config));
}

// What the write of a user's wish failed with, as the user is told.
absl::Status NotStored(const absl::Status& status) {
  return absl::UnavailableError(fmt::format("cannot store it: {}", MessageOf(status)));
}

std::function<double()> SystemRandom() {
  return [engine = std::mt19937_64(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

std::function<std::string()> SystemUuids() {
  return [device = std::make_shared<std::random_device>()] {
    const auto word = [&device] { return (uint64_t{(*device)()} << 32) | (*device)(); };
    const uint64_t high = word();
    return FormatUuid(high, word());
  };
}

class AlertManagerImpl final : public AlertManager {
 public:
  AlertManagerImpl(const AlertManagerOptions& options, ManagerConfig config,
                   storage::KeyValueStore* store, Notifier* notifier)
      : notifier_(notifier),
        external_url_(options.external_url),
        endings_(std::make_shared<EndingList>()),
        make_silence_id_(options.make_silence_id ? options.make_silence_id : SystemUuids()),
        config_(Keep(std::move(config))),
        state_(store, !options.rehearsal),
        dispatcher_(options.external_url, options.rehearsal, config_.get(), &state_),
        courier_(options.random ? options.random : SystemRandom(), options.rehearsal, &dispatcher_,
                 &state_) {}

  absl::Status Restore(int64_t now_ms) {
    MutexLock lock(&mutex_);
    VIGIL_RETURN_IF_ERROR(state_.Load());
    dispatcher_.Restore(now_ms);
    CollectLocked(now_ms);
    return state_.Commit();
  }

  absl::Status SetConfig(ManagerConfig config, int64_t now_ms) override {
    MutexLock lock(&mutex_);
    // The old one goes after the dispatcher has let go of it.
    std::shared_ptr<const ManagerConfig> fresh = Keep(std::move(config));
    dispatcher_.SetConfig(fresh.get(), now_ms);
    config_ = std::move(fresh);
    return state_.Commit();
  }

  absl::Status Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                       storage::WriteBatch* batch) override {
    MutexLock lock(&mutex_);
    absl::Status status = dispatcher_.Receive(alerts, now_ms, batch);
    ArmCollectionLocked(now_ms);
    return status;
  }

  int64_t RunDue(int64_t now_ms) override {
    std::optional<int64_t> at_ms;
    while (true) {
      std::vector<Parcel> parcels;
      {
        MutexLock lock(&mutex_);
        at_ms = NextStepLocked(at_ms, now_ms);
        if (!at_ms.has_value()) return NextDueLocked(now_ms);
        const absl::Status status = StepLocked(*at_ms, &parcels);
        if (!status.ok()) {
          Log(LogLevel::kError, "the alert manager cannot store its state; nothing is sent",
              {{"error", MessageOf(status)}});
          return now_ms + kStoreRetryMs;
        }
      }
      for (Parcel& parcel : parcels) Send(std::move(parcel));
    }
  }

  absl::Status Post(const std::vector<Alert>& alerts, int64_t now_ms) override {
    MutexLock lock(&mutex_);
    absl::Status status = dispatcher_.Receive(alerts, now_ms, state_.pending());
    ArmCollectionLocked(now_ms);
    const absl::Status stored = state_.Commit();
    if (!stored.ok()) return NotStored(stored);
    for (const Alert& alert : alerts) {
      StoredAlert* const known = state_.alerts.Find(Fingerprint(alert.labels));
      if (known != nullptr) known->maybe_unwritten = false;
    }
    return status;
  }

  std::vector<AlertView> ListAlerts(const AlertFilter& filter, int64_t now_ms) const override {
    MutexLock lock(&mutex_);
    return ViewAlerts(*config_, state_, dispatcher_.muter(), filter, now_ms);
  }

  std::vector<GroupView> ListGroups(const AlertFilter& filter, int64_t now_ms) const override {
    MutexLock lock(&mutex_);
    return ViewGroups(*config_, state_, dispatcher_.muter(), filter, now_ms);
  }

  AlertView Preview(const storage::Labels& labels, int64_t now_ms) const override {
    MutexLock lock(&mutex_);
    return ViewLabels(*config_, dispatcher_.muter(), labels, now_ms);
  }

  AlertStanding Standing(const storage::Labels& labels, int64_t now_ms) const override {
    MutexLock lock(&mutex_);
    const auto is_open = [&courier = courier_](const Integration& integration) {
      return courier.IsBreakerOpen(integration);
    };
    return StandingOf(*config_, state_, dispatcher_.muter(), is_open, labels, now_ms);
  }

  SilenceStore Silences() const override {
    MutexLock lock(&mutex_);
    return state_.silences;
  }

  std::shared_ptr<const ManagerConfig> config() const override {
    MutexLock lock(&mutex_);
    return config_;
  }

  absl::StatusOr<std::string> SetSilence(Silence silence, int64_t now_ms) override {
    std::string new_id = make_silence_id_();
    MutexLock lock(&mutex_);
    SilenceStore before = state_.silences;
    VIGIL_ASSIGN_OR_RETURN(SilenceStore::SetResult result,
                           state_.silences.Set(std::move(silence), std::move(new_id), now_ms));
    for (const std::string& id : result.changed) state_.WriteSilence(id);
    VIGIL_RETURN_IF_ERROR(CommitSilencesLocked(std::move(before), now_ms));
    return std::move(result.id);
  }

  absl::Status ExpireSilence(std::string_view id, int64_t now_ms) override {
    MutexLock lock(&mutex_);
    SilenceStore before = state_.silences;
    VIGIL_ASSIGN_OR_RETURN(const bool changed, state_.silences.Expire(id, now_ms));
    if (!changed) return absl::OkStatus();
    state_.WriteSilence(id);
    return CommitSilencesLocked(std::move(before), now_ms);
  }

  void UpdateGauges(int64_t now_ms) const override {
    MutexLock lock(&mutex_);
    SetGauges(*config_, state_, dispatcher_.muter(), now_ms);
  }

  absl::StatusOr<std::vector<Undelivered>> ListUndelivered() const override {
    MutexLock lock(&mutex_);
    std::vector<Undelivered> waiting;
    for (const auto& [key, entry] : state_.outbox.entries()) waiting.push_back({entry, "", 0});
    std::sort(waiting.begin(), waiting.end(),
              [](const Undelivered& left, const Undelivered& right) {
                return left.entry.sequence < right.entry.sequence;
              });
    VIGIL_ASSIGN_OR_RETURN(std::vector<Undelivered> letters, ReadDeadLetters(state_.store()));
    waiting.insert(waiting.end(), std::make_move_iterator(letters.begin()),
                   std::make_move_iterator(letters.end()));
    return waiting;
  }

  absl::Status Resend(std::string_view id, int64_t now_ms) override {
    MutexLock lock(&mutex_);
    for (const auto& [key, entry] : state_.outbox.entries()) {
      if (entry.id != id) continue;
      courier_.TryNow(state_.outbox.Find(key), now_ms);
      return absl::OkStatus();
    }
    VIGIL_ASSIGN_OR_RETURN(Undelivered letter, FindDeadLetter(state_.store(), id));
    VIGIL_RETURN_IF_ERROR(courier_.Resend(std::move(letter.entry), now_ms));
    return state_.Commit();
  }

  absl::Status DropUndelivered(std::string_view id) override {
    MutexLock lock(&mutex_);
    for (const auto& [key, entry] : state_.outbox.entries()) {
      if (entry.id != id) continue;
      return absl::FailedPreconditionError(
          "it still waits, and would be told anew; silence its alerts instead");
    }
    VIGIL_ASSIGN_OR_RETURN(const Undelivered letter, FindDeadLetter(state_.store(), id));
    state_.RemoveDeadLetter(letter.entry.integration.Key());
    return state_.Commit();
  }

  absl::StatusOr<std::vector<Receipt>> ListDeliveries(size_t limit) const override {
    MutexLock lock(&mutex_);
    return ReadReceipts(state_.store(), limit);
  }

  absl::StatusOr<std::vector<TrialAnswer>> TryReceivers(std::string_view name, int64_t now_ms,
                                                        int64_t timeout_ms) const override {
    std::vector<Receiver> receivers;
    {
      MutexLock lock(&mutex_);
      receivers = config_->receivers;
    }
    // Without the lock: receivers may be slow.
    return alerting::TryReceivers(receivers, name, external_url_, now_ms, timeout_ms, notifier_);
  }

  Stats GetStats() const override {
    MutexLock lock(&mutex_);
    return {.alerts = static_cast<int64_t>(state_.alerts.alerts().size()),
            .groups = static_cast<int64_t>(state_.groups.groups().size()),
            .silences = static_cast<int64_t>(state_.silences.silences().size()),
            .outbox = static_cast<int64_t>(state_.outbox.entries().size()),
            .delivered = courier_.delivered(),
            .failed_attempts = courier_.failed_attempts()};
  }

 private:
  int64_t NextTimerLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::min({state_.groups.NextDue(), state_.outbox.NextDue(), dispatcher_.NextDigest(),
                     collect_at_ms_});
  }

  // The time of the next thing to do, nullopt if there is none up to `now_ms`. Deliveries that end
  // within a step are noted at that step's time, `last_ms`, before time moves on.
  std::optional<int64_t> NextStepLocked(std::optional<int64_t> last_ms, int64_t now_ms) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const int64_t timer_ms = std::min(NextTimerLocked(), now_ms);
    if (!endings_->empty() || state_.NeedsCommit()) return last_ms.value_or(timer_ms);
    if (NextTimerLocked() > now_ms) return std::nullopt;
    return std::max(timer_ms, last_ms.value_or(timer_ms));
  }

  int64_t NextDueLocked(int64_t now_ms) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const int64_t poll_ms = courier_.in_flight() > 0 ? now_ms + kEndingPollMs : kNever;
    return std::min(NextTimerLocked(), poll_ms);
  }

  // Does what is due at `at_ms`, or the first part of it, and stores it. `*parcels` may leave only
  // if that succeeded.
  absl::Status StepLocked(int64_t at_ms, std::vector<Parcel>* parcels)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const Ending& ending : endings_->TakeAll()) courier_.TakeEnding(ending, at_ms);
    if (collect_at_ms_ <= at_ms) {
      collect_at_ms_ = kNever;
      CollectLocked(at_ms);
    }
    courier_.GiveUpOverdue(at_ms);  // Before the flush, which may tell it anew.
    if (dispatcher_.FlushDue(at_ms)) {
      dispatcher_.TellDigests(at_ms);
      *parcels = courier_.TakeDue(at_ms);
    }
    absl::Status status = state_.Commit();
    if (!status.ok()) {
      courier_.PutBack(*parcels);
      return status;
    }
    if (!parcels->empty()) ArmCollectionLocked(at_ms);
    return status;
  }

  // Forgets what has expired.
  void CollectLocked(int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (state_.Collect(now_ms)) ArmCollectionLocked(now_ms);
    dispatcher_.AlertsForgotten();
    dispatcher_.ForgetSpent(now_ms);
  }

  // Stores silences that have changed, or has them be as they were `before`.
  absl::Status CommitSilencesLocked(SilenceStore before, int64_t now_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const absl::Status status = state_.Commit();
    if (!status.ok()) {
      state_.silences = std::move(before);
      return NotStored(status);
    }
    ArmCollectionLocked(now_ms);
    return absl::OkStatus();
  }

  // Sees to it that what is there now will be forgotten in time.
  void ArmCollectionLocked(int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (collect_at_ms_ != kNever) return;
    collect_at_ms_ = (now_ms / kCollectIntervalMs + 1) * kCollectIntervalMs;
  }

  void Send(Parcel parcel) {
    const auto done = [endings = endings_, key = parcel.key, sequence = parcel.sequence,
                       begun = std::chrono::steady_clock::now()](DeliveryOutcome outcome) {
      const auto took = std::chrono::steady_clock::now() - begun;
      endings->Add({key, sequence, std::move(outcome),
                    std::chrono::duration_cast<std::chrono::milliseconds>(took).count()});
    };
    absl::StatusOr<Delivery> delivery = MakeDelivery(parcel);
    if (!delivery.ok()) return done(NotMade(delivery.status()));
    notifier_->Send(parcel.lane, *std::move(delivery), done);
  }

  Notifier* const notifier_;
  const std::string external_url_;
  const std::shared_ptr<EndingList> endings_;
  const std::function<std::string()> make_silence_id_;

  mutable Mutex mutex_;
  std::shared_ptr<const ManagerConfig> config_ ABSL_GUARDED_BY(mutex_);
  ManagerState state_ ABSL_GUARDED_BY(mutex_);
  Dispatcher dispatcher_ ABSL_GUARDED_BY(mutex_);
  Courier courier_ ABSL_GUARDED_BY(mutex_);
  int64_t collect_at_ms_ ABSL_GUARDED_BY(mutex_) = kNever;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AlertManager>> AlertManager::Create(
    const AlertManagerOptions& options, ManagerConfig config, storage::KeyValueStore* state,
    Notifier* notifier, int64_t now_ms) {
  auto manager = std::make_unique<AlertManagerImpl>(options, std::move(config), state, notifier);
  VIGIL_RETURN_IF_ERROR_WITH(manager->Restore(now_ms), "restoring the alert manager's state");
  return std::unique_ptr<AlertManager>(std::move(manager));
}

}  // namespace vigil::alerting
