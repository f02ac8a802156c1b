// SPDX-License-Identifier: Apache-2.0
//
// How a group watches whether its rules have anything to look at.
#include <algorithm>

#include <fmt/format.h>

#include "alerting/rules/rule_group_runner.h"
#include "base/log.h"

namespace vigil::alerting {

void RuleGroupRunner::WatchInputs(int64_t slot_ms) {
  int64_t without = 0;
  for (RunningRule& rule : rules_) {
    const InputState before = rule.inputs.status().state;
    rule.inputs.Look(slot_ms - offset_ms_, &inputs_);
    const InputStatus& status = rule.inputs.status();
    const bool missing =
        status.state == InputState::kNeverSeen || status.state == InputState::kVanished;
    if (missing) ++without;
    if (!missing || status.state == before) continue;
    Log(LogLevel::kWarning, "a rule has nothing to look at",
        {{"group", key_},
         {"rule", rule.address.name},
         {"inputs", InputStateName(status.state)},
         {"selectors", fmt::format("{}", fmt::join(status.missing, ", "))}});
  }
  inputs_.EndRound();
  metrics_.without_inputs.Set(without);
}

}  // namespace vigil::alerting
