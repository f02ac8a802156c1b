// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/metric_cache.h"

#include <algorithm>
#include <utility>

#define XXH_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/clock.h"
#include "base/metrics.h"

namespace vigil::collector {
namespace {

constexpr int kMinuteShift = 32;
constexpr uint64_t kMinuteMask = uint64_t{0xFFFF} << kMinuteShift;
constexpr uint64_t kMany = uint64_t{1} << 55;
constexpr uint64_t kNumberMask = 0xFFFF'FFFF;

// Minutes are kept in 16 bits, which go around in 45 days.
uint16_t StampedMinute(uint64_t payload) { return static_cast<uint16_t>(payload >> kMinuteShift); }

// A walk strays when more than this part of its points were not where they were expected.
constexpr size_t kStrayingShare = 16;
constexpr uint32_t kMostStraysApart = 1024;
constexpr uint32_t kWalksToRecord = 16;

}  // namespace

PointKey HashBytes(std::string_view bytes, uint64_t seed) { return HashBelow({}, bytes, seed); }

PointKey HashBelow(PointKey context, std::string_view bytes, uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  // Both are hashes: xor mixes enough. In registers throughout; a key that went through memory
  // would be read back wider than it was written, which costs as much as the hash.
  return {context.low ^ hash.low64, context.high ^ hash.high64};
}

PointKey CombineKeys(const PointKey& a, const PointKey& b, uint64_t extra, uint64_t seed) {
  const uint64_t parts[] = {a.low, a.high, b.low, b.high, extra};
  return HashBytes({reinterpret_cast<const char*>(parts), sizeof(parts)}, seed);
}

PointKey HashBounds(const PointKey& context, const std::vector<double>& bounds, uint64_t seed) {
  const std::string_view bytes(reinterpret_cast<const char*>(bounds.data()),
                               bounds.size() * sizeof(double));
  return CombineKeys(context, HashBytes(bytes, seed), bounds.size(), seed);
}

PointLane::Cursor::Cursor(PointLane* lane, uint32_t minute)
    : lane_(*lane), stamp_(uint64_t{static_cast<uint16_t>(minute)} << kMinuteShift) {
  lane_.mutex_.lock_shared();
  next_ = lane_.resume_.load(std::memory_order_relaxed);
  std::atomic<uint32_t>& records_left = lane_.records_left_;
  if (const uint32_t left = records_left.load(std::memory_order_relaxed); left > 0) {
    records_left.store(left - 1, std::memory_order_relaxed);
    recording_ = true;
  }
  version_ = lane_.version_;
}

PointLane::Cursor::~Cursor() {
  lane_.resume_.store(next_, std::memory_order_relaxed);
  lane_.mutex_.unlock_shared();
  const bool strayed = strayed_ * kStrayingShare > walked_;
  if (recording_ && strayed) {
    lane_.Order(visited_, version_);
  } else if (!recording_) {
    lane_.NoteWalk(strayed, strayed_ == 0);
  }
}

// Walks that end at the same time may count as one.
void PointLane::NoteWalk(bool strayed, bool straight) {
  if (straight) return;
  if (!strayed) {
    strays_apart_.store(1, std::memory_order_relaxed);
    strays_left_.store(1, std::memory_order_relaxed);
    return;
  }
  const uint32_t left = strays_left_.load(std::memory_order_relaxed);
  if (left > 1) return strays_left_.store(left - 1, std::memory_order_relaxed);
  const uint32_t apart =
      std::min(2 * strays_apart_.load(std::memory_order_relaxed), kMostStraysApart);
  strays_apart_.store(apart, std::memory_order_relaxed);
  strays_left_.store(apart, std::memory_order_relaxed);
  records_left_.store(kWalksToRecord, std::memory_order_relaxed);
}

void PointLane::Order(const std::vector<uint32_t>& visited, uint64_t version) {
  WriterLock lock(&mutex_);
  if (version != version_ || visited.empty()) return;
  records_left_.store(0, std::memory_order_relaxed);
  std::vector<bool> moved(entries_.size(), false);
  std::vector<Entry> in_order;  // Those visited; a point may have come twice.
  for (const uint32_t entry : visited) {
    if (!moved[entry]) in_order.push_back(entries_[entry]);
    moved[entry] = true;
  }
  std::vector<Entry> ordered;
  ordered.reserve(entries_.size());
  const auto append_others = [&](size_t begin, size_t end) {
    for (size_t entry = begin; entry < end; ++entry) {
      if (!moved[entry]) ordered.push_back(entries_[entry]);
    }
  };
  append_others(0, visited.front());
  ordered.insert(ordered.end(), in_order.begin(), in_order.end());
  resume_.store(ordered.size(), std::memory_order_relaxed);
  append_others(visited.front(), entries_.size());
  entries_ = std::move(ordered);
  ++version_;
  Reindex(index_.size());
}

std::optional<PointLane::Found> PointLane::Cursor::Find(PointKey key) {
  std::vector<Entry>& entries = lane_.entries_;
  size_t entry = next_ < entries.size() ? next_ : 0;
  if (entries.empty() || entries[entry].key != key) {
    ++strayed_;
    const std::optional<uint32_t> found = lane_.LookUp(key);
    if (!found.has_value()) return std::nullopt;
    entry = *found;
  }
  // Other cursors may set the minute at the same time, to the same value.
  std::atomic_ref<uint64_t> payload_ref(entries[entry].payload);
  const uint64_t payload = payload_ref.load(std::memory_order_relaxed);
  if ((payload & kMinuteMask) != stamp_) [[unlikely]] {
    payload_ref.store((payload & ~kMinuteMask) | stamp_, std::memory_order_relaxed);
  }
  Visit(entry);
  if ((payload & kMany) != 0) {
    return Found{{}, lane_.families_[payload & kNumberMask].get()};
  }
  return Found{storage::SeriesRef{payload & ~(kMinuteMask | kMany)}, nullptr};
}

void PointLane::Cursor::Insert(const PointKey& key, const PointTarget& target) {
  lane_.mutex_.unlock_shared();
  {
    WriterLock lock(&lane_.mutex_);
    const std::optional<uint32_t> known = lane_.LookUp(key);  // Another request was quicker.
    if (known.has_value()) {
      Visit(*known);
    } else {
      uint64_t payload = static_cast<uint64_t>(target.first);
      if (target.more != nullptr) {
        payload = kMany | lane_.families_.size();
        lane_.families_.push_back(target.more);
      }
      lane_.entries_.push_back({key, payload | stamp_});
      Visit(lane_.entries_.size() - 1);
      lane_.Index(static_cast<uint32_t>(lane_.entries_.size() - 1));
      lane_.total_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  lane_.mutex_.lock_shared();
}

std::optional<uint32_t> PointLane::LookUp(const PointKey& key) const {
  if (index_.empty()) return std::nullopt;
  const size_t mask = index_.size() - 1;
  for (size_t slot = key.high & mask; index_[slot] != 0; slot = (slot + 1) & mask) {
    const uint32_t entry = index_[slot] - 1;
    if (entries_[entry].key == key) return entry;
  }
  return std::nullopt;
}

void PointLane::Index(uint32_t entry) {
  constexpr size_t kFirstSlots = 16;
  // At most three quarters full.
  if ((entries_.size() + 1) * 4 > index_.size() * 3) {
    return Reindex(std::max(kFirstSlots, 2 * index_.size()));
  }
  const size_t mask = index_.size() - 1;
  size_t slot = entries_[entry].key.high & mask;
  while (index_[slot] != 0) slot = (slot + 1) & mask;
  index_[slot] = entry + 1;
}

void PointLane::Reindex(size_t slots) {
  index_.assign(slots, 0);
  for (uint32_t entry = 0; entry < entries_.size(); ++entry) Index(entry);
}

size_t PointLane::Tidy(uint32_t oldest_minute) {
  WriterLock lock(&mutex_);
  const auto unused = [oldest_minute](const Entry& entry) {
    const auto age = static_cast<uint16_t>(StampedMinute(entry.payload) - oldest_minute);
    return age > 0x7FFF;  // The difference is negative.
  };
  const auto gone = std::count_if(entries_.begin(), entries_.end(), unused);
  // Rewriting is worth it once a good part has gone.
  constexpr ptrdiff_t kWorthwhileShare = 8;
  if (gone * kWorthwhileShare < std::ssize(entries_) || gone == 0) return entries_.size();
  std::vector<Entry> kept;
  kept.reserve(entries_.size() - gone);
  std::vector<std::shared_ptr<const SeriesFamily>> families;
  for (Entry& entry : entries_) {
    if (unused(entry)) continue;
    if ((entry.payload & kMany) != 0) {
      families.push_back(std::move(families_[entry.payload & kNumberMask]));
      entry.payload = (entry.payload & ~kNumberMask) | (families.size() - 1);
    }
    kept.push_back(entry);
  }
  entries_ = std::move(kept);
  families_ = std::move(families);
  ++version_;
  size_t slots = 16;
  while ((entries_.size() + 1) * 4 > slots * 3) slots *= 2;
  index_.shrink_to_fit();
  Reindex(slots);
  return entries_.size();
}

std::shared_ptr<PointLane> MetricCache::LaneOf(const PointKey& sender, int64_t now_ms) {
  TidyIfDue(now_ms);
  {
    ReaderLock lock(&mutex_);
    if (const auto found = lanes_.find(sender); found != lanes_.end()) return found->second;
  }
  WriterLock lock(&mutex_);
  std::shared_ptr<PointLane>& lane = lanes_[sender];
  if (lane == nullptr) lane = std::make_shared<PointLane>(&points_);
  return lane;
}

void MetricCache::TidyIfDue(int64_t now_ms) {
  int64_t due_ms = next_tidy_ms_.load(std::memory_order_relaxed);
  if (now_ms < due_ms && size() <= max_points_) return;
  // One request does it.
  if (!next_tidy_ms_.compare_exchange_strong(due_ms, now_ms + kMillisPerMinute)) return;
  WriterLock lock(&mutex_);
  const uint32_t oldest_minute = MinuteOf(now_ms) - kIdleMinutes;
  size_t points = 0;
  absl::erase_if(lanes_, [&](const auto& lane) {
    const size_t left = lane.second->Tidy(oldest_minute);
    points += left;
    return left == 0;
  });
  points_.store(points, std::memory_order_relaxed);
  if (points <= max_points_) return;
  static Counter& emptied = GetCounter("vigil_otlp_metric_cache_emptied_total",
                                       "Times the cache of resolved OTLP series was full.");
  emptied.Add();
  lanes_.clear();
  points_.store(0, std::memory_order_relaxed);
}

}  // namespace vigil::collector
