// SPDX-License-Identifier: Apache-2.0
//
// The alerts that the manager knows, by fingerprint. What comes in is completed, checked and merged
// with what was known, as Alertmanager does it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <absl/status/statusor.h>

#include "alerting/alert.h"

namespace vigil::alerting {

struct StoredAlert {
  Alert alert;  // Start and end are always given.
  uint64_t fingerprint = 0;
  int64_t updated_at_ms = 0;     // When something about it last changed.
  bool ends_by_timeout = false;  // Nobody said when it ends: its end is only our patience.
  std::set<std::string> groups;  // Ids of the groups it is in.
  bool maybe_unwritten = false;  // Its row was handed to a caller and may not be stored yet.

  bool ResolvedAt(int64_t now_ms) const { return alert.ends_at_ms <= now_ms; }
};

// Not thread-safe. Pointers stay valid until the alert is erased.
class AlertStore {
 public:
  struct PutResult {
    StoredAlert* alert = nullptr;
    bool changed = false;     // False: nothing new about it.
    bool added = false;       // It was not known.
    bool began = false;       // It fires, and did not before.
    int64_t ended_at_ms = 0;  // Of one that began: the end that it had before, 0 if not known.
  };
  // Takes an alert in as of `now_ms`. InvalidArgument says why it is refused.
  absl::StatusOr<PutResult> Put(const Alert& alert, int64_t now_ms, int64_t resolve_timeout_ms);

  // Adds an alert as it was stored.
  void Restore(StoredAlert alert);
  // Null if it is not known.
  StoredAlert* Find(uint64_t fingerprint);
  void Erase(uint64_t fingerprint) { alerts_.erase(fingerprint); }
  // Forgets the alerts that are resolved and in no group.
  void Collect(int64_t now_ms);

  std::map<uint64_t, StoredAlert>& alerts() { return alerts_; }
  const std::map<uint64_t, StoredAlert>& alerts() const { return alerts_; }

 private:
  std::map<uint64_t, StoredAlert> alerts_;
};

}  // namespace vigil::alerting
