// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/digest.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace vigil::alerting {
namespace {

constexpr std::string_view kSuffix = ":digest";

}  // namespace

std::string DigestGroupId(std::string_view budget_id) {
  return fmt::format("{}{}", budget_id, kSuffix);
}

std::string_view BudgetOfDigest(std::string_view group_id) {
  if (!group_id.ends_with(kSuffix)) return {};
  return group_id.substr(0, group_id.size() - kSuffix.size());
}

std::string DigestKey(std::string_view budget_id, std::string_view receiver) {
  return fmt::format("{}{}/{}", budget_id, kSuffix, receiver);
}

void DigestWriter::Add(ToldAlert told, bool known) {
  if (!seen_.insert(told.fingerprint).second) return;
  if (told.resolved && !known) {
    ++notification_.came_and_went;
  } else {
    notification_.alerts.push_back(std::move(told));
  }
}

Notification DigestWriter::Finish(int64_t passed) {
  notification_.reason = kDigestReason;
  notification_.came_and_went += passed;
  std::stable_partition(notification_.alerts.begin(), notification_.alerts.end(),
                        [](const ToldAlert& told) { return !told.resolved; });
  Truncate(kMaxDigestAlerts, &notification_);
  return std::move(notification_);
}

}  // namespace vigil::alerting
