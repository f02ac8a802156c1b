// SPDX-License-Identifier: Apache-2.0
//
// Works through the outbox: hands what is due to the notifier and notes how it ended. One delivery
// at a time for each integration, a few at a time for each channel.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/manager/delivery_metrics.h"
#include "alerting/manager/dispatcher.h"
#include "alerting/manager/lane.h"
#include "alerting/manager/manager_state.h"
#include "alerting/notify/channel.h"
#include "alerting/notify/notifier.h"
#include "base/mutex.h"

namespace vigil::alerting {

// A delivery that has ended.
struct Ending {
  std::string key;  // Integration::Key.
  uint64_t sequence = 0;
  DeliveryOutcome outcome;
  int64_t took_ms = 0;
};

// Where deliveries say how they ended, from whichever thread, until the manager looks. They hold
// on to it, so it may outlive the manager. Thread-safe.
class EndingList {
 public:
  void Add(Ending ending);
  std::vector<Ending> TakeAll();
  bool empty() const;

 private:
  mutable Mutex mutex_;
  std::vector<Ending> endings_ ABSL_GUARDED_BY(mutex_);
};

// A notification on its way out.
struct Parcel {
  std::string key;
  uint64_t sequence = 0;
  std::string lane;  // "receiver/webhook/0"
  std::shared_ptr<const Channel> channel;
  std::string notification;
  DeliveryContext context;
  int64_t timeout_ms = 0;
};

// The request that a parcel is. The address and its secrets are those of the current configuration;
// they are never stored.
absl::StatusOr<Delivery> MakeDelivery(const Parcel& parcel);
// How a delivery ended that MakeDelivery could not make.
DeliveryOutcome NotMade(const absl::Status& status);

// Not thread-safe. `dispatcher` and `state` must outlive it; `random` gives numbers in [0, 1).
class Courier {
 public:
  Courier(std::function<double()> random, bool rehearsal, Dispatcher* dispatcher,
          ManagerState* state)
      : random_(std::move(random)), metrics_(rehearsal), dispatcher_(dispatcher), state_(state) {}

  // Gives up what is past its deadline.
  void GiveUpOverdue(int64_t now_ms);
  // What is to be sent now and counts as in flight from here on, in the order in which it was
  // decided on.
  std::vector<Parcel> TakeDue(int64_t now_ms);
  // They could not be sent after all: due again at once.
  void PutBack(const std::vector<Parcel>& parcels);
  void TakeEnding(const Ending& ending, int64_t now_ms);

  // Puts what was given up into the outbox again, under its own id. FailedPrecondition if its
  // receiver is no more, or something newer for its group waits.
  absl::Status Resend(OutboxEntry entry, int64_t now_ms);
  // Has what waits tried at once, whatever its receiver's breaker says.
  void TryNow(OutboxEntry* entry, int64_t now_ms);

  // Whether the integration's channel is left alone because it keeps failing.
  bool IsBreakerOpen(const Integration& integration) const;

  int64_t in_flight() const { return in_flight_; }
  int64_t delivered() const { return delivered_; }
  int64_t failed_attempts() const { return failed_attempts_; }

 private:
  // A delivery under way.
  struct Flight {
    std::string lane;
    std::string kind;
    int64_t round = 0;
  };

  void Deliver(const OutboxEntry& entry, const DeliveryOutcome& outcome, int64_t now_ms);
  void NoteCovered(const OutboxEntry& digest, int64_t now_ms);
  void Retry(OutboxEntry* entry, int64_t wait_ms, int64_t now_ms);
  // For the trail: one that arrived, or is tried again.
  void NoteAttempt(const OutboxEntry& entry, const DeliveryOutcome& outcome, int64_t now_ms);
  // Makes an entry wait for its lane.
  void HoldBack(OutboxEntry* entry, Lane* lane, int64_t now_ms);
  // Tells the lane how a delivery ended; returns how long to wait before the next attempt.
  int64_t EndFlight(const Ending& ending, int64_t attempts, int64_t now_ms);
  void Release(Lane* lane, int64_t now_ms);
  Parcel Pack(const OutboxEntry& entry, std::string lane, int64_t now_ms) const;

  const std::function<double()> random_;
  const DeliveryMetrics metrics_;
  Dispatcher* const dispatcher_;
  ManagerState* const state_;
  std::map<std::string, Lane> lanes_;
  std::map<uint64_t, Flight> flights_;  // By the sequence of the notification.
  int64_t in_flight_ = 0;
  int64_t delivered_ = 0;
  int64_t failed_attempts_ = 0;
};

}  // namespace vigil::alerting
