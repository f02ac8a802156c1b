// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/alert_tape.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::alerting {

class AlertTape::Sink final : public AlertSink {
 public:
  Sink(uint32_t rule, AlertTape* tape) : rule_(rule), tape_(*tape) {}

  absl::Status Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                       storage::WriteBatch*) override {
    for (const Alert& alert : alerts) tape_.Take(rule_, alert, now_ms);
    return absl::OkStatus();
  }

 private:
  const uint32_t rule_;
  AlertTape& tape_;
};

AlertTape::AlertTape(size_t rules, size_t max_tellings) : max_tellings_(max_tellings) {
  for (size_t rule = 0; rule < rules; ++rule) {
    sinks_.push_back(std::make_unique<Sink>(static_cast<uint32_t>(rule), this));
  }
}

AlertTape::~AlertTape() = default;

AlertSink* AlertTape::SinkOf(size_t rule) { return sinks_[rule].get(); }

void AlertTape::Take(uint32_t rule, const Alert& alert, int64_t now_ms) {
  if (tellings_.size() >= max_tellings_) {
    overflowed_ = true;
    return;
  }
  const auto [at, added] =
      numbers_.try_emplace(alert.labels, static_cast<uint32_t>(labels_.size()));
  if (added) labels_.push_back(alert.labels);
  tellings_.push_back({now_ms, alert.starts_at_ms, alert.ends_at_ms, rule, at->second});
}

absl::Status AlertTape::Play(const Listener& listener) {
  if (overflowed_) {
    return absl::ResourceExhaustedError(fmt::format(
        "alerts were told of more than {} times within a day; try fewer rules", max_tellings_));
  }
  // Those of one rule and instant stay in their order.
  std::stable_sort(tellings_.begin(), tellings_.end(), [](const Telling& a, const Telling& b) {
    return std::tie(a.now_ms, a.rule) < std::tie(b.now_ms, b.rule);
  });
  std::vector<Alert> alerts;
  for (size_t i = 0; i < tellings_.size(); ++i) {
    const Telling& telling = tellings_[i];
    Alert& alert = alerts.emplace_back();
    alert.labels = labels_[telling.labels];
    alert.starts_at_ms = telling.starts_at_ms;
    alert.ends_at_ms = telling.ends_at_ms;
    if (i + 1 < tellings_.size() && tellings_[i + 1].now_ms == telling.now_ms) continue;
    VIGIL_RETURN_IF_ERROR(listener(alerts, telling.now_ms));
    alerts.clear();
  }
  tellings_.clear();
  labels_.clear();
  numbers_.clear();
  return absl::OkStatus();
}

}  // namespace vigil::alerting
