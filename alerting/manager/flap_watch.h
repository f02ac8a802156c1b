// SPDX-License-Identifier: Apache-2.0
//
// Which alerts flap: begin to fire again and again. It knows the moments at which alerts began to
// fire, also of those that the manager has forgotten since, and nothing of groups.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/series/labels.h"

namespace vigil::alerting {

// More is no flapping alert but a full memory.
inline constexpr int64_t kMaxFlapChanges = 100;

// Says of an alert that flaps how, to whom knows annotations only.
inline constexpr std::string_view kFlappingAnnotation = "flapping";

// `flap_detection` of a route. A default one is off.
struct FlapOptions {
  int64_t changes = 0;    // Flaps once it began to fire so often
  int64_t within_ms = 0;  // within this time,
  int64_t calm_ms = 0;    // until it neither began nor ended for that long.

  bool enabled() const { return changes > 0; }
};

// What is known of an alert.
struct FlapEntry {
  std::vector<int64_t> fires;  // When it began to fire, in order; the last `changes` times.
  bool flapping = false;       // From the last fire on, until it is calm.
  // Of the options at the last fire.
  int64_t within_ms = 0;
  int64_t calm_ms = 0;

  // Whether an alert that ends (or ended) at `ends_at_ms` flaps at `now_ms`.
  bool FlapsAt(int64_t ends_at_ms, int64_t now_ms) const {
    return flapping && now_ms < CalmAt(ends_at_ms);
  }
  // When it has kept one state for `calm_ms`.
  int64_t CalmAt(int64_t ends_at_ms) const;
  // When nothing that it knows counts any more.
  int64_t StaleAt() const;
  // "fired 4 times within 1h". Requires: it flaps.
  std::string Text() const;
  // `annotations` with one that says so.
  storage::Labels AddTo(const storage::Labels& annotations) const;
};

// By fingerprint. Not thread-safe.
class FlapWatch {
 public:
  // The alert begins to fire at `now_ms`; it had ended at `ended_at_ms` (0: it was not known).
  const FlapEntry& Fired(uint64_t fingerprint, const FlapOptions& options, int64_t ended_at_ms,
                         int64_t now_ms);
  // Null if nothing is known of it.
  const FlapEntry* Find(uint64_t fingerprint) const;
  // Takes an entry as it was stored.
  void Restore(uint64_t fingerprint, FlapEntry entry) { entries_[fingerprint] = std::move(entry); }
  // Forgets what no longer counts and returns its fingerprints.
  std::vector<uint64_t> Collect(int64_t now_ms);
  const std::map<uint64_t, FlapEntry>& entries() const { return entries_; }

 private:
  std::map<uint64_t, FlapEntry> entries_;
};

}  // namespace vigil::alerting
