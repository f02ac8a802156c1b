// SPDX-License-Identifier: Apache-2.0
//
// Which rules make the most noise: how often they fired and for how long, whom that woke, and what
// was kept from people by grouping, silences and the like. Computed from alert history and trail.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "alerting/manager/trail.h"
#include "alerting/rules/alert_recorder.h"
#include "base/clock.h"
#include "base/duration.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// A firing that ended sooner was hardly worth it.
inline constexpr int64_t kShortLivedMs = 5 * kMillisPerMinute;

struct RuleNoise {
  std::string rule;       // "" for alerts whose name is not known any more.
  int64_t fired = 0;      // Firings that began in the time that is looked at.
  int64_t firing_ms = 0;  // All alerts together, within that time.
  int64_t median_ms = 0;  // Of those that began in it; one that goes on counts up to its end.
  int64_t notifications = 0;
  int64_t told = 0;  // Alerts that they told of.
  // Firings that nobody was told of, as they were held back whenever their group was flushed.
  int64_t silenced = 0;
  int64_t inhibited = 0;
  int64_t muted = 0;
  int64_t short_lived = 0;  // Those that ended within kShortLivedMs.
  int64_t failed = 0;       // Attempts to deliver that failed.

  // What grouping saved.
  int64_t saved() const { return told - notifications; }
};

struct NoiseReport {
  std::vector<RuleNoise> rules;  // By notifications, then firings, the most first.
  // A notification that tells of alerts of several rules counts once here.
  RuleNoise total;
};

// Not thread-safe. Is handed names and changes first, then the trail, both in the order of time.
class NoiseCounter {
 public:
  // `external_labels` are those that alerts of rules are sent with.
  NoiseCounter(TimeRange range, storage::Labels external_labels)
      : range_(range), external_labels_(std::move(external_labels)) {}

  // An alert as the manager knows it.
  void AddName(const storage::Labels& labels);
  // One that fires, since when; its labels are those of its rule.
  void AddFiring(const storage::Labels& labels, int64_t fired_at_ms);
  void Add(const AlertEvent& event);
  void Add(const TrailEntry& entry);

  NoiseReport Finish();

 private:
  enum class Cause : uint8_t { kSilenced, kInhibited, kMuted };
  struct Spell {
    int64_t begin_ms = 0;
    int64_t end_ms = 0;  // INT64_MAX: it goes on.
  };
  // What the trail says of an alert: when, in the order of time.
  struct Tracks {
    std::vector<int64_t> told;
    std::vector<std::pair<int64_t, Cause>> held;
  };

  uint64_t FingerprintOf(const storage::Labels& labels) const;
  const std::string& NameOf(uint64_t fingerprint) const;
  void Take(const TrailFlush& flush);
  void Take(const TrailAttempt& attempt);
  void TakeHeld(const HeldAlerts& held, int64_t time_ms);
  void CountSpells(uint64_t fingerprint, const std::map<int64_t, Spell>& spells);
  void CountSilence(uint64_t fingerprint, const Spell& spell, RuleNoise* noise);

  const TimeRange range_;
  const storage::Labels external_labels_;
  std::map<uint64_t, std::string> names_;
  std::map<uint64_t, std::map<int64_t, Spell>> spells_;  // By alert and beginning.
  std::map<uint64_t, Tracks> tracks_;
  std::map<std::string, std::set<std::string>> rules_told_;  // By notification id.
  std::map<std::string, RuleNoise> rules_;
  std::map<std::string, std::vector<int64_t>> lengths_ms_;  // By rule.
  RuleNoise total_;
};

}  // namespace vigil::alerting
