// SPDX-License-Identifier: Apache-2.0
//
// Has rules reloaded when their files change.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file_watch.h"
#include "base/mutex.h"
#include "server/ticker.h"

namespace vigil::server {

// Thread-safe. Looks at the files once a second on a thread of its own, and calls `reload` there
// when they have changed and stood still for a second.
class RuleWatch {
 public:
  explicit RuleWatch(std::function<void()> reload) : reload_(std::move(reload)) {}

  // The files from now on. To be called before they are read: what changes meanwhile is news.
  void Watch(std::vector<std::string> patterns);

  // Begins to look. To be called once, when `reload` may be; `clock` must outlive this.
  void Start(const Clock* clock);

 private:
  Mutex mutex_;
  FileWatch files_ ABSL_GUARDED_BY(mutex_);
  const std::function<void()> reload_;
  std::optional<Ticker> ticker_;  // Last: it uses all of the above.
};

}  // namespace vigil::server
