// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/alert_store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Years 1 to 9999, what RFC 3339 can say.
constexpr int64_t kFirstTimeMs = -62'135'596'800'000;
constexpr int64_t kLastTimeMs = 253'402'300'799'999;

using storage::Label;
using storage::Labels;
using storage::LabelView;

// Annotations and URL are for people: damaged text is mended rather than refused.
Labels MendText(const Labels& labels) {
  const bool valid = std::all_of(labels.begin(), labels.end(), [](const LabelView& label) {
    return IsValidUtf8(label.name) && IsValidUtf8(label.value);
  });
  if (valid) return labels;
  std::vector<Label> mended;
  for (const LabelView& label : labels) {
    mended.push_back({ReplaceInvalidUtf8(label.name), ReplaceInvalidUtf8(label.value)});
  }
  return Labels(std::move(mended));
}

absl::Status Validate(const Alert& alert) {
  if (alert.labels.empty()) return absl::InvalidArgumentError("at least one label pair required");
  for (const LabelView& label : alert.labels) {
    if (label.name.empty() || !IsValidUtf8(label.name)) {
      return absl::InvalidArgumentError(
          fmt::format("invalid label name \"{}\"", ReplaceInvalidUtf8(label.name)));
    }
    if (!IsValidUtf8(label.value)) {
      return absl::InvalidArgumentError(fmt::format("invalid value of label \"{}\"", label.name));
    }
  }
  if (alert.starts_at_ms < kFirstTimeMs || alert.ends_at_ms > kLastTimeMs) {
    return absl::InvalidArgumentError("start or end time out of range");
  }
  if (alert.ends_at_ms < alert.starts_at_ms) {
    return absl::InvalidArgumentError("start time must be before end time");
  }
  return absl::OkStatus();
}

// Fills in the times that were not given.
StoredAlert Complete(const Alert& alert, int64_t now_ms, int64_t resolve_timeout_ms) {
  StoredAlert stored;
  stored.alert = alert;
  stored.alert.annotations = MendText(alert.annotations);
  stored.alert.generator_url = ReplaceInvalidUtf8(alert.generator_url);
  if (alert.starts_at_ms == 0) {
    stored.alert.starts_at_ms = alert.ends_at_ms != 0 ? alert.ends_at_ms : now_ms;
  }
  if (alert.ends_at_ms == 0) {
    stored.alert.ends_at_ms = now_ms + resolve_timeout_ms;
    stored.ends_by_timeout = true;
  }
  stored.fingerprint = Fingerprint(alert.labels);
  stored.updated_at_ms = now_ms;
  return stored;
}

// Whether the new start or end falls inside what is stored: then the two tell of one stretch.
bool Overlaps(const Alert& old, const Alert& fresh) {
  const auto inside = [&](int64_t t) { return t > old.starts_at_ms && t < old.ends_at_ms; };
  return inside(fresh.starts_at_ms) || inside(fresh.ends_at_ms);
}

void MergeInto(const StoredAlert& old, int64_t now_ms, StoredAlert* fresh) {
  Alert& merged = fresh->alert;
  merged.starts_at_ms = std::min(merged.starts_at_ms, old.alert.starts_at_ms);
  if (old.alert.ends_at_ms <= merged.ends_at_ms) return;
  // The old end is later. It stays if both are resolved, or if it was somebody's word.
  if (fresh->ResolvedAt(now_ms)) {
    if (old.ResolvedAt(now_ms)) merged.ends_at_ms = old.alert.ends_at_ms;
  } else if (!old.ends_by_timeout) {
    merged.ends_at_ms = old.alert.ends_at_ms;
  }
}

bool SameAlert(const StoredAlert& a, const StoredAlert& b) {
  return a.alert.starts_at_ms == b.alert.starts_at_ms && a.alert.ends_at_ms == b.alert.ends_at_ms &&
         a.ends_by_timeout == b.ends_by_timeout && a.alert.annotations == b.alert.annotations &&
         a.alert.generator_url == b.alert.generator_url;
}

}  // namespace

absl::StatusOr<AlertStore::PutResult> AlertStore::Put(const Alert& alert, int64_t now_ms,
                                                      int64_t resolve_timeout_ms) {
  StoredAlert fresh = Complete(alert, now_ms, resolve_timeout_ms);
  VIGIL_RETURN_IF_ERROR(Validate(fresh.alert));
  const auto [at, added] = alerts_.try_emplace(fresh.fingerprint);
  StoredAlert& stored = at->second;
  PutResult result{.alert = &stored, .changed = true, .added = added};
  result.began = (added || stored.ResolvedAt(now_ms)) && !fresh.ResolvedAt(now_ms);
  if (!added) {
    result.ended_at_ms = stored.alert.ends_at_ms;
    if (Overlaps(stored.alert, fresh.alert)) MergeInto(stored, now_ms, &fresh);
    if (SameAlert(stored, fresh)) return PutResult{.alert = &stored};
    fresh.groups = std::move(stored.groups);
  }
  stored = std::move(fresh);
  return result;
}

void AlertStore::Restore(StoredAlert alert) {
  const uint64_t fingerprint = alert.fingerprint;
  alerts_.insert_or_assign(fingerprint, std::move(alert));
}

StoredAlert* AlertStore::Find(uint64_t fingerprint) {
  const auto at = alerts_.find(fingerprint);
  return at == alerts_.end() ? nullptr : &at->second;
}

void AlertStore::Collect(int64_t now_ms) {
  std::erase_if(alerts_, [&](const auto& entry) {
    return entry.second.ResolvedAt(now_ms) && entry.second.groups.empty();
  });
}

}  // namespace vigil::alerting
