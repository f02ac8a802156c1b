// SPDX-License-Identifier: Apache-2.0
#include "server/rule_watch.h"

namespace vigil::server {
namespace {

constexpr int64_t kIntervalMs = 1000;

}  // namespace

void RuleWatch::Watch(std::vector<std::string> patterns) {
  const MutexLock lock(&mutex_);
  files_.Watch(std::move(patterns));
}

void RuleWatch::Start(const Clock* clock) {
  ticker_.emplace(clock, kIntervalMs, [this](int64_t now_ms) {
    bool changed = false;
    {
      const MutexLock lock(&mutex_);
      changed = files_.Look();
    }
    // Without the lock: a reload may say what to watch.
    if (changed) reload_();
    return now_ms + kIntervalMs;
  });
}

}  // namespace vigil::server
