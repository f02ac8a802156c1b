// SPDX-License-Identifier: Apache-2.0
//
// A digest: one notification in place of those of all groups whose news waited for a budget.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "alerting/notify/notification.h"

namespace vigil::alerting {

// What a digest has as its reason.
inline constexpr std::string_view kDigestReason = "digest";
// The others are counted in `truncatedAlerts`.
inline constexpr int64_t kMaxDigestAlerts = 200;

// Stands for the group in a digest's Integration. No group has such an id: theirs end with labels.
std::string DigestGroupId(std::string_view budget_id);
// The id of the budget that a digest is of; "" if it is the id of a group.
std::string_view BudgetOfDigest(std::string_view group_id);
// "{}:digest/team": what other systems know the digests of one budget and receiver by.
std::string DigestKey(std::string_view budget_id, std::string_view receiver);

// Collects what a digest tells.
class DigestWriter {
 public:
  // An alert of one of the groups. One that has ended and was never told (`known` is false) is only
  // counted; one that is in several groups is told once.
  void Add(ToldAlert told, bool known);
  // `passed`: alerts that have come and gone besides. What fires comes first.
  Notification Finish(int64_t passed);

 private:
  Notification notification_;
  std::set<uint64_t> seen_;  // Fingerprints.
};

}  // namespace vigil::alerting
