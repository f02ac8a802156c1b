// SPDX-License-Identifier: Apache-2.0
//
// Whether there is anything for a rule to look at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::alerting {

enum class InputState : uint8_t {
  kUnknown,    // Not looked at yet, or not to be told.
  kPresent,    // At least one selector has series, or the rule has none.
  kNeverSeen,  // None of the selectors ever had any.
  kVanished,   // Some had, none has now.
};
// "", "present", "never_seen", "vanished".
std::string_view InputStateName(InputState state);

struct InputStatus {
  InputState state = InputState::kUnknown;
  // When it was first seen so, Unix ms.
  int64_t since_ms = 0;
  // The selectors that have no series now, as they are printed.
  std::vector<std::string> missing;
};

}  // namespace vigil::alerting
