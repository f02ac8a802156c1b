// SPDX-License-Identifier: Apache-2.0
//
// What became of alerts: every change of the state of every alert, for as long as it is to be kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/rules/alert_recorder.h"
#include "base/clock.h"
#include "base/duration.h"
#include "storage/kv/kv_store.h"
#include "storage/series/matcher.h"

namespace vigil::alerting {

inline constexpr int64_t kDefaultHistoryRetentionMs = 90 * kMillisPerDay;

// Which changes are asked for; what is empty asks for all.
struct HistoryQuery {
  TimeRange range = {0, INT64_MAX};
  // Of the alerts' labels: all matchers of one of the lists must match.
  std::vector<std::vector<storage::Matcher>> selectors;
  std::vector<std::string> rules;
  std::vector<AlertChange> changes;
  size_t limit = 0;  // The newest of them; 0: all.
};

struct HistoryAnswer {
  std::vector<AlertEvent> events;  // The newest first.
  bool truncated = false;          // There is more than the limit.
};

// Thread-safe.
class AlertHistory final : public AlertRecorder {
 public:
  // `store` must outlive it. `retention_ms` 0: everything is kept.
  AlertHistory(storage::KeyValueStore* store, int64_t retention_ms)
      : store_(*store), retention_ms_(retention_ms) {}

  void Record(AlertEvent event, storage::WriteBatch* batch) override;

  // Rows that cannot be read are logged and passed over.
  absl::StatusOr<HistoryAnswer> Read(const HistoryQuery& query) const;

  // Drops what is older than the retention.
  absl::Status DropOld(int64_t now_ms);

 private:
  storage::KeyValueStore& store_;
  const int64_t retention_ms_;
};

}  // namespace vigil::alerting
