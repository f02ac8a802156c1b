// SPDX-License-Identifier: Apache-2.0
//
// How a group watches whether its rules have anything to look at.
#include <algorithm>

#include <fmt/format.h>

#include "alerting/rules/rule_group_runner.h"
#include "base/log.h"

namespace vigil::alerting {

namespace {

bool IsMissing(const InputStatus& status) {
  return status.state == InputState::kNeverSeen || status.state == InputState::kVanished;
}

}  // namespace

void RuleGroupRunner::WatchInputs(int64_t slot_ms) {
  // Large groups take several rounds: the evaluation is not to wait for this.
  for (size_t looked = 0; looked < rules_.size() && !inputs_.IsTired(); ++looked) {
    RunningRule& rule = rules_[next_watched_++ % rules_.size()];
    const InputState before = rule.inputs.status().state;
    rule.inputs.Look(slot_ms - offset_ms_, &inputs_);
    const InputStatus& status = rule.inputs.status();
    if (!IsMissing(status) || status.state == before) continue;
    Log(LogLevel::kWarning, "a rule has nothing to look at",
        {{"group", key_},
         {"rule", rule.address.name},
         {"inputs", InputStateName(status.state)},
         {"selectors", fmt::format("{}", fmt::join(status.missing, ", "))}});
  }
  inputs_.EndRound();
  metrics_.without_inputs.Set(
      std::count_if(rules_.begin(), rules_.end(),
                    [](const RunningRule& rule) { return IsMissing(rule.inputs.status()); }));
}

}  // namespace vigil::alerting
