// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/stages.h"

#include <algorithm>
#include <vector>

namespace vigil::alerting {
namespace {

// Alertmanager's, so that receivers see no other load than from it.
constexpr double kBackoffInitialMs = 500;
constexpr double kBackoffFactor = 1.5;
constexpr double kBackoffCapMs = 60'000;
constexpr double kBackoffJitter = 0.5;

// Both are sorted.
bool IsSubset(const std::vector<uint64_t>& part, const std::vector<uint64_t>& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

}  // namespace

std::string_view NotificationReason(const DedupInput& input) {
  const AlertSets& now = *input.current;
  if (input.last == nullptr) return now.firing.empty() ? "" : "first notification";
  const AlertSets& told = input.last->told;
  if (!IsSubset(now.firing, told.firing)) {
    return told.firing.empty() ? "first notification" : "new alerts added";
  }
  if (now.firing.empty()) return told.firing.empty() ? "" : "all alerts resolved";
  if (input.send_resolved && !IsSubset(now.resolved, told.resolved)) return "some alerts resolved";
  if (input.last->timestamp_ms < input.now_ms - input.repeat_interval_ms) {
    return "repeat interval elapsed";
  }
  return "";
}

int64_t BackoffMs(int64_t attempts, double random) {
  double wait_ms = kBackoffInitialMs;
  for (int64_t i = 1; i < attempts && wait_ms < kBackoffCapMs; ++i) wait_ms *= kBackoffFactor;
  wait_ms = std::min(wait_ms, kBackoffCapMs);
  return static_cast<int64_t>(wait_ms * (1 + kBackoffJitter * (2 * random - 1)));
}

}  // namespace vigil::alerting
