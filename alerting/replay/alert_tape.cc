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
  const auto [at, added] =
      numbers_.try_emplace(alert.labels, static_cast<uint32_t>(subjects_.size()));
  if (added) subjects_.push_back({.labels = alert.labels, .rule = rule});
  Subject& subject = subjects_[at->second];
  const bool first = subject.rule == rule;
  if (first && subject.last != SIZE_MAX && Extend(alert, now_ms, &tellings_[subject.last])) return;
  if (tellings_.size() >= max_tellings_) {
    overflowed_ = true;
    return;
  }
  if (first) {
    subject.last = tellings_.size();
  } else {
    subject.shared = true;
  }
  tellings_.push_back({.now_ms = now_ms,
                       .starts_at_ms = alert.starts_at_ms,
                       .ends_at_ms = alert.ends_at_ms,
                       .rule = rule,
                       .subject = at->second});
}

bool AlertTape::Extend(const Alert& alert, int64_t now_ms, Telling* telling) {
  const int64_t lasts_ms = telling->ends_at_ms - telling->now_ms;
  if (alert.starts_at_ms != telling->starts_at_ms || alert.ends_at_ms - now_ms != lasts_ms) {
    return false;
  }
  if (telling->count == 1) telling->step_ms = now_ms - telling->now_ms;
  // Beyond its end it would be over in between.
  const bool follows = telling->step_ms > 0 && telling->step_ms < lasts_ms &&
                       now_ms == telling->now_ms + telling->count * telling->step_ms;
  if (follows) ++telling->count;
  return follows;
}

std::vector<AlertTape::Telling> AlertTape::Arrange() const {
  std::vector<Telling> heard;
  for (Telling telling : tellings_) {
    const uint32_t count = std::exchange(telling.count, 1);
    if (!subjects_[telling.subject].shared) {
      telling.ends_at_ms += telling.step_ms * (count - 1);
      heard.push_back(telling);
      continue;
    }
    for (uint32_t i = 0; i < count; ++i) {
      heard.push_back(telling);
      telling.now_ms += telling.step_ms;
      telling.ends_at_ms += telling.step_ms;
    }
  }
  // Those of one rule and instant stay in their order.
  std::stable_sort(heard.begin(), heard.end(), [](const Telling& a, const Telling& b) {
    return std::tie(a.now_ms, a.rule) < std::tie(b.now_ms, b.rule);
  });
  return heard;
}

absl::Status AlertTape::Play(const Listener& listener) {
  if (overflowed_) {
    return absl::ResourceExhaustedError(fmt::format(
        "rules told of alerts more than {} times within a day; try fewer rules", max_tellings_));
  }
  const std::vector<Telling> heard = Arrange();
  std::vector<Alert> alerts;
  for (size_t i = 0; i < heard.size(); ++i) {
    Alert& alert = alerts.emplace_back();
    alert.labels = subjects_[heard[i].subject].labels;
    alert.starts_at_ms = heard[i].starts_at_ms;
    alert.ends_at_ms = heard[i].ends_at_ms;
    if (i + 1 < heard.size() && heard[i + 1].now_ms == heard[i].now_ms) continue;
    VIGIL_RETURN_IF_ERROR(listener(alerts, heard[i].now_ms));
    alerts.clear();
  }
  tellings_.clear();
  subjects_.clear();
  numbers_.clear();
  return absl::OkStatus();
}

}  // namespace vigil::alerting
