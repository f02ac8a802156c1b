// SPDX-License-Identifier: Apache-2.0
//
// Keys by the time at which they are due. Those due at the same time come in the order of the keys,
// so that two runs over the same events do the same.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vigil::alerting {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// Each key is due at most once. Not thread-safe.
class Schedule {
 public:
  // Moves `key` to `due_ms`.
  void Set(const std::string& key, int64_t due_ms);
  void Remove(std::string_view key);
  // kNever when empty.
  int64_t NextDue() const { return queue_.empty() ? kNever : queue_.begin()->first; }
  // Takes out the first that is due at `now_ms` or before; nullopt if there is none.
  std::optional<std::string> TakeNextDue(int64_t now_ms);
  // The same for all of them, earliest first.
  std::vector<std::string> TakeDue(int64_t now_ms);

 private:
  std::set<std::pair<int64_t, std::string>> queue_;
  std::map<std::string, int64_t, std::less<>> due_;
};

}  // namespace vigil::alerting
