// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/lane.h"

namespace vigil::alerting {

bool Lane::Admits(int64_t now_ms) const {
  if (now_ms < paused_until_ms_) return false;
  return in_flight_ < (open() ? 1 : kMaxInFlightPerLane);
}

int64_t Lane::Begin() {
  ++in_flight_;
  return round_;
}

void Lane::Delivered() {
  --in_flight_;
  failures_ = 0;
  paused_until_ms_ = 0;
}

void Lane::Refused() {
  --in_flight_;
  failures_ = 0;
}

void Lane::Failed(int64_t round) {
  --in_flight_;
  if (round != round_) return;
  ++round_;
  ++failures_;
}

}  // namespace vigil::alerting
