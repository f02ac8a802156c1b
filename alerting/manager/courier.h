// SPDX-License-Identifier: Apache-2.0
//
// Works through the outbox: hands what is due to the notifier and notes how it ended. One delivery
// at a time for each integration.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alerting/manager/dispatcher.h"
#include "alerting/manager/manager_state.h"
#include "alerting/notify/notifier.h"
#include "base/mutex.h"

namespace vigil::alerting {

// A delivery that has ended.
struct Ending {
  std::string key;  // Integration::Key.
  uint64_t sequence = 0;
  DeliveryOutcome outcome;
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
  std::string receiver;
  Delivery delivery;
};

// Not thread-safe. `dispatcher` and `state` must outlive it; `random` gives numbers in [0, 1).
class Courier {
 public:
  Courier(std::function<double()> random, Dispatcher* dispatcher, ManagerState* state)
      : random_(std::move(random)), dispatcher_(dispatcher), state_(state) {}

  // Gives up what is past its deadline.
  void GiveUpOverdue(int64_t now_ms);
  // What is to be sent now and counts as in flight from here on.
  std::vector<Parcel> TakeDue(int64_t now_ms);
  // They could not be sent after all: due again at once.
  void PutBack(const std::vector<Parcel>& parcels);
  void TakeEnding(const Ending& ending, int64_t now_ms);

  int64_t in_flight() const { return in_flight_; }
  int64_t delivered() const { return delivered_; }
  int64_t failed_attempts() const { return failed_attempts_; }

 private:
  void Deliver(const OutboxEntry& entry, int http_status, int64_t now_ms);
  void Retry(OutboxEntry* entry, int64_t now_ms);
  Delivery MakeDelivery(const OutboxEntry& entry) const;

  const std::function<double()> random_;
  Dispatcher* const dispatcher_;
  ManagerState* const state_;
  int64_t in_flight_ = 0;
  int64_t delivered_ = 0;
  int64_t failed_attempts_ = 0;
};

}  // namespace vigil::alerting
