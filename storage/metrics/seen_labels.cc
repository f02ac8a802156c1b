// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/seen_labels.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "storage/kv/index_keys.h"
#include "storage/kv/keys.h"
#include "storage/metrics/corruption.h"

namespace vigil::storage {
namespace {

// Rows that are read between two looks at the clock.
constexpr size_t kRowsAtOnce = 4096;
// Fewer removed series are not worth reading the rows of the others.
constexpr uint64_t kRemovedToRelearn = 100'000;

}  // namespace

void SeenLabels::BeginToLearnLocked() {
  learned_.emplace();
  next_key_ = LabelsHashKey::Prefix(tenant_, shard_);
  removed_ = 0;
}

void SeenLabels::NoteOlderRows() {
  MutexLock lock(&mutex_);
  complete_ = false;
  BeginToLearnLocked();
}

void SeenLabels::NoteRemoved(uint64_t series) {
  MutexLock lock(&mutex_);
  removed_ += series;
}

bool SeenLabels::MostlyRemoved() const {
  MutexLock lock(&mutex_);
  if (!complete_ || learned_.has_value() || removed_ < kRemovedToRelearn) return false;
  return removed_ > seen_.cardinality() / 2;
}

void SeenLabels::BeginAnew() {
  MutexLock lock(&mutex_);
  BeginToLearnLocked();
}

void SeenLabels::Add(const Labels& labels) {
  const uint32_t hash = UpperHalf(labels.Hash());
  MutexLock lock(&mutex_);
  seen_.add(hash);
  if (learned_.has_value()) learned_->add(hash);
}

bool SeenLabels::MayContain(const Labels& labels) const {
  const uint32_t hash = UpperHalf(labels.Hash());
  MutexLock lock(&mutex_);
  return !complete_ || seen_.contains(hash);
}

absl::StatusOr<bool> SeenLabels::Learn(int64_t deadline_ns) {
  std::string from;
  {
    MutexLock lock(&mutex_);
    if (!learned_.has_value()) return false;
    from = next_key_;
  }
  const std::string prefix = LabelsHashKey::Prefix(tenant_, shard_);
  const std::unique_ptr<KeyValueIterator> rows =
      store_.NewIterator(Family::kSeries, {from, PrefixEnd(prefix)}, nullptr, CacheUse::kSpare);
  rows->Seek(from);
  std::vector<uint32_t> hashes;
  do {
    hashes.clear();
    for (; rows->Valid() && hashes.size() < kRowsAtOnce; rows->Next()) {
      const absl::StatusOr<LabelsHashKey> key = LabelsHashKey::Decode(rows->key());
      if (key.ok()) {
        hashes.push_back(UpperHalf(key->hash));
      } else {
        ReportCorrupt("labels hash key", rows->key(), key.status());
      }
    }
    MutexLock lock(&mutex_);
    learned_->addMany(hashes.size(), hashes.data());
    if (rows->Valid()) next_key_ = std::string(rows->key());
  } while (rows->Valid() && MonotonicNs() < deadline_ns);
  const absl::Status status = rows->status();
  MutexLock lock(&mutex_);
  if (!status.ok()) {
    learned_.reset();
    return Annotate(status, "reading which labels there are");
  }
  if (rows->Valid()) return true;
  seen_ = *std::exchange(learned_, std::nullopt);
  complete_ = true;
  return false;
}

}  // namespace vigil::storage
