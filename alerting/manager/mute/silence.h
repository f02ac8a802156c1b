// SPDX-License-Identifier: Apache-2.0
//
// A silence: alerts that nobody is to be told of for a while, by whom and why.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::alerting {

enum class SilenceState { kPending, kActive, kExpired };

// "pending", "active", "expired".
std::string_view SilenceStateName(SilenceState state);

// Mutes alerts that all `matchers` take, from its start until its end.
struct Silence {
  std::string id;
  std::vector<storage::Matcher> matchers;
  int64_t starts_at_ms = 0;
  int64_t ends_at_ms = 0;
  int64_t updated_at_ms = 0;
  std::string created_by;
  std::string comment;
  std::map<std::string, std::string> annotations;

  // Whether it has each of `wanted` among its matchers.
  bool HasMatchers(const std::vector<storage::Matcher>& wanted) const;
  SilenceState StateAt(int64_t now_ms) const;
  bool Mutes(const storage::Labels& labels, int64_t now_ms) const {
    return StateAt(now_ms) == SilenceState::kActive && storage::MatchesAll(matchers, labels);
  }
};

// InvalidArgument says what is wrong with what somebody wants to be silenced.
absl::Status ValidateSilence(const Silence& silence);

}  // namespace vigil::alerting
