// SPDX-License-Identifier: Apache-2.0
//
// Inhibition: alerts that keep others quiet while they fire.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "alerting/manager/alert_store.h"
#include "alerting/manager/mute/inhibit_rule.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// Knows which alerts can inhibit others, firing or not: that depends on their labels alone, which
// never change. Whether they fire is asked of the store. Not thread-safe.
class Inhibitor {
 public:
  // `rules` and `alerts` must outlive it. Takes up the alerts that are there.
  Inhibitor(const std::vector<InhibitRule>* rules, const AlertStore* alerts);

  // The store has an alert that it did not have before.
  void Add(const StoredAlert& alert);
  // The store has forgotten some.
  void Prune();

  // The fingerprint of an alert that inhibits one with these labels at `now_ms`.
  std::optional<uint64_t> FindInhibitor(const storage::Labels& labels, int64_t now_ms) const;

 private:
  // Sources of one rule that share the labels of its `equal`, by fingerprint: whether its target
  // side takes them too.
  using Sources = std::map<uint64_t, bool>;

  std::optional<uint64_t> FindFiring(const Sources& sources, bool target_is_source,
                                     int64_t now_ms) const;

  const std::vector<InhibitRule>* rules_;
  const AlertStore* alerts_;
  std::vector<std::map<storage::Labels, Sources>> sources_;  // By rule.
};

}  // namespace vigil::alerting
