// SPDX-License-Identifier: Apache-2.0
//
// The silences that the manager knows, and what may become of one: it can be changed in place as
// long as it mutes the same alerts and its past stays as it was; otherwise it ends, and another
// begins under an id of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/manager/mute/silence.h"

namespace vigil::alerting {

// Not thread-safe. A value: a copy is the silences as they are now.
class SilenceStore {
 public:
  // What Set did.
  struct SetResult {
    std::string id;
    std::vector<std::string> changed;  // Ids of the silences that are new or not what they were.
  };
  // Takes in `silence`: a new one if it has no id, else a change. `new_id` is the id for the one
  // that begins if one does. NotFound: there is none of its id. InvalidArgument: it is wrong.
  absl::StatusOr<SetResult> Set(Silence silence, std::string new_id, int64_t now_ms);

  // Ends it now. Whether that changed it; NotFound: there is none of that id.
  absl::StatusOr<bool> Expire(std::string_view id, int64_t now_ms);

  // Adds a silence as it was stored.
  void Restore(Silence silence);
  // Null if there is none.
  const Silence* Find(std::string_view id) const;
  // Forgets those that ended longer ago than the manager keeps data, and returns their ids.
  std::vector<std::string> Collect(int64_t now_ms);

  // The ids of the silences that mute an alert with these labels.
  std::vector<std::string> Muting(const storage::Labels& labels, int64_t now_ms) const;
  bool Mutes(const storage::Labels& labels, int64_t now_ms) const;

  const std::map<std::string, Silence, std::less<>>& silences() const { return silences_; }

 private:
  std::map<std::string, Silence, std::less<>> silences_;
};

// Those that `wanted` takes, in the order in which they are listed: active ones (the soonest end
// first), pending ones (the soonest start first), expired ones (the latest end first). Borrowed.
std::vector<const Silence*> SortedSilences(
    const SilenceStore& store,
    const std::function<bool(const Silence& silence, SilenceState state)>& wanted, int64_t now_ms);

// A random UUID, version 4, made of two random words.
std::string FormatUuid(uint64_t high, uint64_t low);

}  // namespace vigil::alerting
