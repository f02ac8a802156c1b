// SPDX-License-Identifier: Apache-2.0
//
// The alert manager's configuration, in Alertmanager's YAML. What that knows and vigil does not do
// is refused by name, so that nothing in a file goes unheeded in silence.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/manager/mute/inhibit_rule.h"
#include "alerting/manager/mute/time_interval.h"
#include "alerting/manager/route.h"
#include "alerting/notify/channel.h"
#include "base/clock.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

struct Receiver {
  std::string name;
  storage::Labels labels;
  std::vector<std::shared_ptr<const Channel>> channels;

  // The `index`th channel of that kind and its place among all; null, and -1, if there is none.
  const Channel* FindChannel(std::string_view kind, int index) const;
  int PlaceOf(std::string_view kind, int index) const;
  // Of the channel at `place` its number among those of its kind.
  int IndexOf(int place) const;
};

// A default one is what runs without a file: one route that takes every alert and tells nobody.
struct ManagerConfig {
  int64_t resolve_timeout_ms = 5 * kMillisPerMinute;
  Route route;
  std::vector<Receiver> receivers;
  std::vector<InhibitRule> inhibit_rules;
  std::vector<TimeInterval> time_intervals;
  std::string yaml;  // What was read, secrets and all.

  // Null if there is none of that name.
  const Receiver* FindReceiver(std::string_view name) const;
  const TimeInterval* FindTimeInterval(std::string_view name) const;
};

// What becomes of the files that a configuration names.
enum class ManagerFiles : uint8_t {
  kRead,  // Templates are read and checked; secrets are read when there is something to send.
  // Nothing but the text itself is looked at, and what templates would define is not missed. For
  // texts of somebody who may not read this machine's files: to be asked who is told what and when,
  // never to send by.
  kIgnore,
};

// InvalidArgument has a line "FILE:LINE:COL: what is wrong" for each mistake.
absl::StatusOr<ManagerConfig> ParseManagerConfig(std::string_view file_name, std::string_view yaml,
                                                 ManagerFiles files = ManagerFiles::kRead);

}  // namespace vigil::alerting
