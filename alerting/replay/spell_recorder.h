// SPDX-License-Identifier: Apache-2.0
//
// Makes spells of firing out of the changes of one rule's alerts.
#pragma once

#include <cstdint>
#include <map>

#include "alerting/replay/backtest.h"
#include "alerting/rules/alert_recorder.h"

namespace vigil::alerting {

// Not thread-safe.
class SpellRecorder final : public AlertRecorder {
 public:
  // What ends up to `from_ms` is left out. Each spell takes one from `budget`; below 0 they are
  // counted only. Both pointers must outlive it.
  SpellRecorder(int64_t from_ms, int64_t* budget, RuleVerdict* verdict);

  void Record(AlertEvent event, storage::WriteBatch* batch) override;

  // Nothing more comes: what fires goes on firing.
  void Finish();

 private:
  void Add(FiringSpell spell);

  const int64_t from_ms_;
  int64_t& budget_;
  RuleVerdict& verdict_;
  std::map<storage::Labels, FiringSpell> firing_;
};

}  // namespace vigil::alerting
