// SPDX-License-Identifier: Apache-2.0
//
// When a group is evaluated: at k * interval + offset, where the offset comes from the group's
// name, so that groups spread over the interval and keep their phase over restarts.
#pragma once

#include <cstdint>
#include <string_view>

namespace vigil::alerting {

class RuleSchedule {
 public:
  // `group_key` is "file;name". Requires: interval_ms > 0.
  RuleSchedule(std::string_view group_key, int64_t interval_ms);
  // Slots at k * interval + `phase_ms` whatever the group's name. Requires: interval_ms > 0.
  static RuleSchedule AtPhase(int64_t phase_ms, int64_t interval_ms);

  int64_t interval_ms() const { return interval_ms_; }
  // The slots closest to an instant, that instant included.
  int64_t SlotAtOrBefore(int64_t time_ms) const;
  int64_t SlotAtOrAfter(int64_t time_ms) const;

 private:
  RuleSchedule(int64_t interval_ms, int64_t offset_ms)
      : interval_ms_(interval_ms), offset_ms_(offset_ms) {}

  const int64_t interval_ms_;
  const int64_t offset_ms_;  // In [0, interval).
};

}  // namespace vigil::alerting
