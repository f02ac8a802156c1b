// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/stages.h"

#include <algorithm>
#include <iterator>
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

// What of `whole` is not in `part`. Both are sorted.
std::vector<uint64_t> Without(const std::vector<uint64_t>& whole,
                              const std::vector<uint64_t>& part) {
  std::vector<uint64_t> rest;
  std::set_difference(whole.begin(), whole.end(), part.begin(), part.end(),
                      std::back_inserter(rest));
  return rest;
}

// Whether some alerts are yet to be told as flapping, and no others are new.
bool OnlyFlapping(const AlertSets& now, const LogEntry* last) {
  if (now.flapping.empty()) return false;
  if (last == nullptr) return IsSubset(now.firing, now.flapping);
  return !IsSubset(now.flapping, last->told.flapping) &&
         IsSubset(Without(now.firing, last->told.firing), now.flapping);
}

}  // namespace

std::string_view NotificationReason(const DedupInput& input) {
  const AlertSets& now = *input.current;
  if (OnlyFlapping(now, input.last)) return "alert flaps";
  if (input.last == nullptr) return now.firing.empty() ? "" : "first notification";
  const AlertSets& told = input.last->told;
  if (!IsSubset(now.firing, told.firing)) {
    return told.firing.empty() ? "first notification" : "new alerts added";
  }
  if (now.firing.empty()) return told.firing.empty() ? "" : "all alerts resolved";
  if (input.send_resolved && !IsSubset(now.resolved, told.resolved)) return "some alerts resolved";
  if (input.last->timestamp_ms < input.now_ms - input.repeat_interval_ms) {
    return kRepeatReason;
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
