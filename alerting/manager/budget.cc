// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/budget.h"

#include <algorithm>
#include <utility>

namespace vigil::alerting {

int64_t Budget::FreeAt(const BudgetOptions& options, int64_t now_ms) const {
  const auto limit = static_cast<size_t>(options.limit);
  if (spent_.size() < limit) return now_ms;
  const int64_t oldest_ms = spent_[spent_.size() - limit];
  // A clock that was set back must not keep people from being told.
  return std::clamp(oldest_ms + options.per_ms, now_ms, now_ms + options.per_ms);
}

void Budget::Spend(const BudgetOptions& options, int64_t now_ms) {
  Forget(options, now_ms);
  spent_.push_back(now_ms);
}

bool Budget::Forget(const BudgetOptions& options, int64_t now_ms) {
  return std::erase_if(spent_, [&](int64_t spent_ms) {
           return spent_ms <= now_ms - options.per_ms || spent_ms > now_ms;
         }) > 0;
}

bool Budget::Hold(const std::string& group_id, int64_t now_ms) {
  return held_.try_emplace(group_id, now_ms).second;
}

bool Budget::LetGo(std::string_view group_id) {
  const auto at = held_.find(group_id);
  if (at == held_.end()) return false;
  held_.erase(at);
  return true;
}

int64_t Budget::PassedFor(const std::string& receiver) const {
  const auto at = passed_.find(receiver);
  return at == passed_.end() ? 0 : at->second;
}

Budget Budget::Restore(std::vector<int64_t> spent, HeldGroups held,
                       std::map<std::string, int64_t> passed) {
  Budget budget;
  budget.spent_ = std::move(spent);
  std::sort(budget.spent_.begin(), budget.spent_.end());
  budget.held_ = std::move(held);
  budget.passed_ = std::move(passed);
  return budget;
}

}  // namespace vigil::alerting
