// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/silence_store.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "alerting/manager/notification_log.h"
#include "base/clock.h"

namespace vigil::alerting {
namespace {

// Whether `fresh` may take the place of `old`: same alerts, and nothing that is past is changed.
bool MayReplace(const Silence& old, const Silence& fresh, int64_t now_ms) {
  const std::vector<storage::Matcher>& before = old.matchers;
  const std::vector<storage::Matcher>& after = fresh.matchers;
  if (!std::is_permutation(before.begin(), before.end(), after.begin(), after.end())) return false;
  switch (old.StateAt(now_ms)) {
    case SilenceState::kActive:
      // Clients know times by the second or millisecond.
      return old.starts_at_ms / kMillisPerSecond == fresh.starts_at_ms / kMillisPerSecond &&
             fresh.ends_at_ms >= now_ms;
    case SilenceState::kPending:
      return fresh.starts_at_ms >= now_ms;
    case SilenceState::kExpired:
      return false;
  }
  return false;
}

void End(Silence* silence, int64_t now_ms) {
  if (silence->StateAt(now_ms) == SilenceState::kPending) silence->starts_at_ms = now_ms;
  silence->ends_at_ms = now_ms;
  silence->updated_at_ms = now_ms;
}

absl::Status CheckTimes(const Silence& silence, int64_t now_ms) {
  if (silence.starts_at_ms >= silence.ends_at_ms) {
    return absl::InvalidArgumentError(
        "Failed to create silence: start time must be before end time");
  }
  if (silence.ends_at_ms < now_ms) {
    return absl::InvalidArgumentError("Failed to create silence: end time can't be in the past");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SilenceStore::SetResult> SilenceStore::Set(Silence silence, std::string new_id,
                                                          int64_t now_ms) {
  if (absl::Status status = ValidateSilence(silence); !status.ok()) return status;
  if (absl::Status status = CheckTimes(silence, now_ms); !status.ok()) return status;
  SetResult result;
  silence.updated_at_ms = now_ms;
  if (!silence.id.empty()) {
    const auto at = silences_.find(silence.id);
    if (at == silences_.end()) return absl::NotFoundError("silence not found");
    Silence& old = at->second;
    result.changed.push_back(old.id);
    if (MayReplace(old, silence, now_ms)) {
      if (old.StateAt(now_ms) == SilenceState::kActive) silence.starts_at_ms = old.starts_at_ms;
      old = std::move(silence);
      result.id = old.id;
      return result;
    }
    if (old.StateAt(now_ms) == SilenceState::kExpired) {
      result.changed.clear();
    } else {
      End(&old, now_ms);
    }
  }
  silence.id = std::move(new_id);
  // Nobody was silent before being told to.
  silence.starts_at_ms = std::max(silence.starts_at_ms, now_ms);
  result.id = silence.id;
  result.changed.push_back(silence.id);
  silences_.insert_or_assign(result.id, std::move(silence));
  return result;
}

absl::StatusOr<bool> SilenceStore::Expire(std::string_view id, int64_t now_ms) {
  const auto at = silences_.find(id);
  if (at == silences_.end()) return absl::NotFoundError("silence not found");
  if (at->second.StateAt(now_ms) == SilenceState::kExpired) return false;
  End(&at->second, now_ms);
  return true;
}

void SilenceStore::Restore(Silence silence) {
  std::string id = silence.id;
  silences_.insert_or_assign(std::move(id), std::move(silence));
}

const Silence* SilenceStore::Find(std::string_view id) const {
  const auto at = silences_.find(id);
  return at == silences_.end() ? nullptr : &at->second;
}

std::vector<std::string> SilenceStore::Collect(int64_t now_ms) {
  std::vector<std::string> ids;
  std::erase_if(silences_, [&](const auto& entry) {
    if (entry.second.ends_at_ms > now_ms - kRetentionMs) return false;
    ids.push_back(entry.first);
    return true;
  });
  return ids;
}

std::vector<std::string> SilenceStore::Muting(const storage::Labels& labels, int64_t now_ms) const {
  std::vector<std::string> ids;
  for (const auto& [id, silence] : silences_) {
    if (silence.Mutes(labels, now_ms)) ids.push_back(id);
  }
  return ids;
}

bool SilenceStore::Mutes(const storage::Labels& labels, int64_t now_ms) const {
  return std::any_of(silences_.begin(), silences_.end(),
                     [&](const auto& entry) { return entry.second.Mutes(labels, now_ms); });
}

std::vector<const Silence*> SortedSilences(
    const SilenceStore& store,
    const std::function<bool(const Silence& silence, SilenceState state)>& wanted, int64_t now_ms) {
  std::vector<const Silence*> sorted;
  for (const auto& [id, silence] : store.silences()) {
    if (wanted(silence, silence.StateAt(now_ms))) sorted.push_back(&silence);
  }
  // Active before pending before expired, then by time, then the older one first.
  const auto rank = [now_ms](const Silence& silence) -> std::tuple<int, int64_t, int64_t> {
    switch (silence.StateAt(now_ms)) {
      case SilenceState::kActive:
        return {0, silence.ends_at_ms, silence.updated_at_ms};
      case SilenceState::kPending:
        return {1, silence.starts_at_ms, silence.updated_at_ms};
      case SilenceState::kExpired:
        break;
    }
    return {2, -silence.ends_at_ms, silence.updated_at_ms};
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&rank](const Silence* a, const Silence* b) { return rank(*a) < rank(*b); });
  return sorted;
}

std::string FormatUuid(uint64_t high, uint64_t low) {
  high = (high & ~uint64_t{0xF000}) | 0x4000;                // Version.
  low = (low & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);  // Variant.
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFF);
}

}  // namespace vigil::alerting
