// SPDX-License-Identifier: Apache-2.0
//
// Which instants are admitted: what lies too far in the future (a clock that is wrong), before 1970
// or beyond the configured age is refused record by record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/logs/log_shard.h"
#include "storage/metrics/metric_shard.h"
#include "storage/model/batch.h"
#include "storage/model/record.h"

namespace vigil::storage {

struct TimeRules {
  int64_t now_ms = 0;
  int64_t max_age_ms = 0;  // 0: any age.
  int64_t max_future_ms = 0;

  bool Admits(int64_t time_ms) const { return time_ms >= lowest_ms() && time_ms <= highest_ms(); }
  // Why `time_ms` is refused. Requires: it is.
  std::string Reason(int64_t time_ms) const;

  // Removes what is refused and accounts for it in `*result` (exemplars go without: they cost a
  // sender nothing). The metric batch is const because
  // hardly ever anything is refused: true means that `*admitted` holds the rest, false that all of
  // `batch` is admitted.
  bool Filter(const MetricBatch& batch, MetricBatch* admitted, WriteResult* result) const;
  void Filter(LogBatch* batch, WriteResult* result) const;
  void Filter(std::vector<Span>* spans, WriteResult* result) const;

 private:
  int64_t lowest_ms() const;
  int64_t highest_ms() const { return now_ms + max_future_ms; }
  void Refuse(int64_t time_ms, WriteResult* result) const;
};

}  // namespace vigil::storage
