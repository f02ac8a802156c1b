// SPDX-License-Identifier: Apache-2.0
//
// The alert manager: groups what fires, decides whom to tell and when, and keeps an outbox of what
// is to be sent. Passive and on an injected time, like the rule engine. Alert state, notification
// log and outbox change together in one write.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/alert.h"
#include "alerting/manager/alert_view.h"
#include "alerting/manager/config.h"
#include "alerting/manager/delivery_records.h"
#include "alerting/manager/mute/silence_store.h"
#include "alerting/manager/receiver_trial.h"
#include "alerting/manager/standing_view.h"
#include "alerting/notify/notifier.h"
#include "storage/kv/kv_store.h"

namespace vigil::alerting {

struct AlertManagerOptions {
  std::string external_url;
  // Numbers in [0, 1) for the jitter between attempts; null: from the system.
  std::function<double()> random;
  // Makes the ids of silences; null: UUIDs.
  std::function<std::string()> make_silence_id;
  // It is only found out what would happen: the self-metrics know nothing of it, and it leaves no
  // trail.
  bool rehearsal = false;
};

// Thread-safe: one driver calls RunDue, others hand in alerts or ask.
class AlertManager : public AlertSink {
 public:
  // Restores alerts, groups, notification log and outbox from `state`, which must outlive the
  // manager, as must `notifier`.
  static absl::StatusOr<std::unique_ptr<AlertManager>> Create(const AlertManagerOptions& options,
                                                              ManagerConfig config,
                                                              storage::KeyValueStore* state,
                                                              Notifier* notifier, int64_t now_ms);

  // Takes a new configuration; groups move to the routes that now fit them.
  virtual absl::Status SetConfig(ManagerConfig config, int64_t now_ms) = 0;

  // Flushes the groups whose timer has come into the outbox and hands due notifications of the
  // outbox to the notifier. Returns when something is next due (Unix ms), INT64_MAX for never.
  // Deliveries end in the background; their outcome is taken in at the next call. Receive and
  // SetConfig may bring the next due time forward: call again after them.
  virtual int64_t RunDue(int64_t now_ms) = 0;

  // Takes in and stores alerts of senders that store nothing themselves. As Receive; Unavailable
  // when they could not be stored, and are to be sent again.
  virtual absl::Status Post(const std::vector<Alert>& alerts, int64_t now_ms) = 0;

  // What there is now, as it stands at `now_ms`.
  virtual std::vector<AlertView> ListAlerts(const AlertFilter& filter, int64_t now_ms) const = 0;
  virtual std::vector<GroupView> ListGroups(const AlertFilter& filter, int64_t now_ms) const = 0;
  // What would keep an alert with these labels quiet, and whom it would be for.
  virtual AlertView Preview(const storage::Labels& labels, int64_t now_ms) const = 0;
  // How it stands with the alert that has exactly these labels, or would.
  virtual AlertStanding Standing(const storage::Labels& labels, int64_t now_ms) const = 0;
  virtual SilenceStore Silences() const = 0;
  virtual std::shared_ptr<const ManagerConfig> config() const = 0;

  // Begins or changes a silence, see SilenceStore::Set, and returns its id.
  virtual absl::StatusOr<std::string> SetSilence(Silence silence, int64_t now_ms) = 0;
  // Ends a silence now. NotFound: there is none of that id.
  virtual absl::Status ExpireSilence(std::string_view id, int64_t now_ms) = 0;

  // Brings the gauges of the self-metrics up to date.
  virtual void UpdateGauges(int64_t now_ms) const = 0;

  // Notifications that have not arrived: those that wait, the oldest first, then those that were
  // given up, the latest first.
  virtual absl::StatusOr<std::vector<Undelivered>> ListUndelivered() const = 0;
  // Tries one that was given up anew, under its own id; one that waits is tried at once. NotFound
  // if there is none of that id; FailedPrecondition says what stands in the way. Call RunDue after
  // it.
  virtual absl::Status Resend(std::string_view id, int64_t now_ms) = 0;
  // Forgets one that was given up.
  virtual absl::Status DropUndelivered(std::string_view id) = 0;
  // The latest deliveries, the latest first.
  virtual absl::StatusOr<std::vector<Receipt>> ListDeliveries(size_t limit) const = 0;
  // See receiver_trial.h.
  virtual absl::StatusOr<std::vector<TrialAnswer>> TryReceivers(std::string_view name,
                                                                int64_t now_ms,
                                                                int64_t timeout_ms) const = 0;

  // Figures for `vigil status`.
  struct Stats {
    int64_t alerts = 0;
    int64_t groups = 0;
    int64_t silences = 0;  // Expired ones among them.
    int64_t outbox = 0;
    int64_t delivered = 0;
    int64_t failed_attempts = 0;
  };
  virtual Stats GetStats() const = 0;
};

}  // namespace vigil::alerting
