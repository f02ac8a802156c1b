// SPDX-License-Identifier: Apache-2.0
//
// An alert as it passes from the rule engine (or another sender) to the alert manager.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "storage/kv/kv_store.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// What an alert of a rule shows for itself.
struct Evidence {
  std::optional<double> threshold;  // If the rule compares with a number.
  std::string query;
  std::vector<std::string> trace_ids;  // Of requests that were part of it, the most telling first.

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

struct Alert {
  storage::Labels labels;  // `alertname` among them; they are its identity.
  storage::Labels annotations;
  int64_t starts_at_ms = 0;  // 0: not given.
  // When it ended or, as long as it fires, when it is to count as ended if nothing more is heard of
  // it. 0: not given.
  int64_t ends_at_ms = 0;
  std::string generator_url;
  // What its state rests on: "recovered" or "no_data" of a resolved alert, "no_data" or
  // "partial_data" of one that is kept without its data, "late_data"; "" otherwise.
  std::string reason;
  // Those of rules have both once they fire.
  std::optional<double> value;
  std::shared_ptr<const Evidence> evidence;
};

// FNV-1a over the sorted labels, each name and value followed by byte 0xFF: Alertmanager's
// fingerprint.
uint64_t Fingerprint(const storage::Labels& labels);

// Takes alerts in. The rule engine knows the manager as this.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  // Takes the alerts in as of `now_ms` and adds to `batch` the rows that keep them. The caller
  // writes the batch, together with its own rows; a write that fails is made good by sending again.
  // InvalidArgument names alerts that were refused; the others are taken.
  virtual absl::Status Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                               storage::WriteBatch* batch) = 0;
};

}  // namespace vigil::alerting
