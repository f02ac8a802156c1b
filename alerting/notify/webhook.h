// SPDX-License-Identifier: Apache-2.0
//
// The body of a webhook: Alertmanager's JSON, version 4.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// An alert as a receiver is told about it.
struct ToldAlert {
  Alert alert;
  uint64_t fingerprint = 0;
  bool resolved = false;
};

struct WebhookMessage {
  std::string receiver;
  std::string notification_reason;
  std::string group_key;
  std::string external_url;
  storage::Labels group_labels;
  storage::Labels route_labels;
  std::vector<ToldAlert> alerts;
  int64_t max_alerts = 0;  // Further ones are only counted; 0: all are told.
};

// The message as JSON. Its status is firing if any alert is, told or only counted; common labels
// and annotations are those of the alerts that are told.
std::string BuildWebhookBody(const WebhookMessage& message);

}  // namespace vigil::alerting
