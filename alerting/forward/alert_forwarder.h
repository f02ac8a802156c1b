// SPDX-License-Identifier: Apache-2.0
//
// Sends what rules fire to outside Alertmanagers as well, as Prometheus does: without a second try,
// since an alert that goes on is sent again soon anyway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "alerting/notify/notifier.h"
#include "storage/relabel/relabel_rule.h"

namespace vigil::alerting {

// An Alertmanager that is sent alerts.
struct ForwardTarget {
  std::string url;  // Of its /api/v2/alerts.
  int64_t timeout_ms = 10'000;
  std::vector<storage::RelabelRule> alert_relabels;  // Beside those that hold for all targets.
};

struct ForwardConfig {
  std::vector<storage::RelabelRule> alert_relabels;
  std::vector<ForwardTarget> targets;
};

// Prometheus' limits: of alerts that wait for a target, beyond which the oldest are dropped, and of
// those in one request.
inline constexpr size_t kMaxForwardQueue = 10'000;
inline constexpr size_t kMaxForwardBatch = 256;

// Hands alerts on to another sink and to the targets, each with a queue of its own. Thread-safe.
class AlertForwarder final : public AlertSink {
 public:
  // Both must outlive it; deliveries may end after it has gone.
  AlertForwarder(AlertSink* next, Notifier* notifier);
  ~AlertForwarder() override;

  // Takes new targets. What waits for one that stays goes on waiting.
  void SetConfig(ForwardConfig config);
  // The addresses of the targets.
  std::vector<std::string> targets() const;

  // As the next sink answers: what becomes of alerts elsewhere is counted only.
  absl::Status Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                       storage::WriteBatch* batch) override;

 private:
  class State;

  AlertSink* const next_;
  // Deliveries that are on their way hold on to it.
  const std::shared_ptr<State> state_;
};

// The body of a request: `[{"labels":{},"annotations":{},"startsAt":...}]`.
std::string ForwardBody(const std::vector<Alert>& alerts);

}  // namespace vigil::alerting
