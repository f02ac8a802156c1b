// SPDX-License-Identifier: Apache-2.0
//
// What is told of alerts as their states change, for those who keep it or count it. A change is
// told together with the row that keeps the new state, so both are known to be written or neither.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include "alerting/alert.h"
#include "storage/kv/kv_store.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

enum class AlertChange : uint8_t {
  kPending,
  kFiring,
  kResolved,   // It fired and does no more.
  kForgotten,  // It was pending and never fired, or its rule is gone.
};
// "pending", "firing", "resolved", "forgotten".
std::string_view AlertChangeName(AlertChange change);
// InvalidArgument when `name` is none of these.
absl::Status ParseAlertChange(std::string_view name, AlertChange* change);

// A change of one alert's state.
struct AlertEvent {
  int64_t time_ms = 0;
  AlertChange change = AlertChange::kPending;
  std::string reason;  // Of kResolved and kForgotten, "" where there is nothing to say.
  std::string group_key;
  std::string rule;
  storage::Labels labels;
  storage::Labels annotations;
  double value = 0;
  int64_t active_at_ms = 0;
  int64_t fired_at_ms = 0;  // 0 if it did not fire.
  std::shared_ptr<const Evidence> evidence;
};

class AlertRecorder {
 public:
  virtual ~AlertRecorder() = default;
  // `batch` is what is written together with the alert's row. Should that fail, the change is told
  // again, or what became of the alert meanwhile.
  virtual void Record(AlertEvent event, storage::WriteBatch* batch) = 0;
};

}  // namespace vigil::alerting
