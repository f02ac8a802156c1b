// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/silence.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Years 1 to 9999, what RFC 3339 can say.
constexpr int64_t kFirstTimeMs = -62'135'596'800'000;
constexpr int64_t kLastTimeMs = 253'402'300'799'999;

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("invalid silence: {}", what));
}

}  // namespace

std::string_view SilenceStateName(SilenceState state) {
  switch (state) {
    case SilenceState::kPending:
      return "pending";
    case SilenceState::kActive:
      return "active";
    case SilenceState::kExpired:
      return "expired";
  }
  return "";
}

bool Silence::HasMatchers(const std::vector<storage::Matcher>& wanted) const {
  return std::all_of(wanted.begin(), wanted.end(), [this](const storage::Matcher& matcher) {
    return std::find(matchers.begin(), matchers.end(), matcher) != matchers.end();
  });
}

SilenceState Silence::StateAt(int64_t now_ms) const {
  if (now_ms < starts_at_ms) return SilenceState::kPending;
  return now_ms < ends_at_ms ? SilenceState::kActive : SilenceState::kExpired;
}

absl::Status ValidateSilence(const Silence& silence) {
  if (silence.matchers.empty()) return Wrong("at least one matcher required");
  for (const storage::Matcher& matcher : silence.matchers) {
    if (matcher.name().empty() || !IsValidUtf8(matcher.name())) {
      return Wrong(fmt::format("invalid label name \"{}\"", ReplaceInvalidUtf8(matcher.name())));
    }
    if (!IsValidUtf8(matcher.value())) {
      return Wrong(fmt::format("invalid value of label \"{}\"", matcher.name()));
    }
  }
  if (std::all_of(silence.matchers.begin(), silence.matchers.end(),
                  [](const storage::Matcher& matcher) {
                    // What only excludes something says enough.
                    return !matcher.IsNegated() && matcher.MatchesEmpty();
                  })) {
    return Wrong("at least one matcher must not match the empty string");
  }
  if (silence.starts_at_ms < kFirstTimeMs || silence.ends_at_ms > kLastTimeMs) {
    return Wrong("start or end time out of range");
  }
  return absl::OkStatus();
}

}  // namespace vigil::alerting
