// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_schedule.h"

namespace vigil::alerting {
namespace {

// FNV-1a, 64 bits.
uint64_t HashText(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211u;
  }
  return hash;
}

}  // namespace

RuleSchedule::RuleSchedule(std::string_view group_key, int64_t interval_ms)
    : interval_ms_(interval_ms),
      offset_ms_(static_cast<int64_t>(HashText(group_key) % static_cast<uint64_t>(interval_ms))) {}

RuleSchedule RuleSchedule::AtPhase(int64_t phase_ms, int64_t interval_ms) {
  int64_t offset_ms = phase_ms % interval_ms;
  if (offset_ms < 0) offset_ms += interval_ms;
  return {interval_ms, offset_ms};
}

int64_t RuleSchedule::SlotAtOrBefore(int64_t time_ms) const {
  int64_t since = (time_ms - offset_ms_) % interval_ms_;
  if (since < 0) since += interval_ms_;
  return time_ms - since;
}

int64_t RuleSchedule::SlotAtOrAfter(int64_t time_ms) const {
  const int64_t before = SlotAtOrBefore(time_ms);
  return before == time_ms ? before : before + interval_ms_;
}

}  // namespace vigil::alerting
