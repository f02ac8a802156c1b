// SPDX-License-Identifier: Apache-2.0
#include "storage/series/pair_versions.h"

#include "base/strings.h"

namespace vigil::storage {

uint32_t PairVersions::BucketOf(std::string_view name, std::string_view value) {
  constexpr size_t kOdd = 0x9E3779B97F4A7C15;
  const size_t hash = StringHash()(name) * kOdd + StringHash()(value);
  return static_cast<uint32_t>((hash ^ hash >> 32) % kBuckets);
}

void PairVersions::BeginToCount() {
  if (counts()) return;
  owned_ = std::make_unique<Counters>();
  counters_.store(owned_.get(), std::memory_order_release);
}

PairVersions::Stamp PairVersions::StampOf(const std::vector<Matcher>& matchers) const {
  const Counters& counters = *counters_.load(std::memory_order_acquire);
  Stamp stamp;
  stamp.any = any_.load(std::memory_order_acquire);
  stamp.all = all_.load(std::memory_order_acquire);
  for (const Matcher& matcher : matchers) {
    if (matcher.type() != MatchType::kEqual || matcher.value().empty()) continue;
    const uint32_t bucket = BucketOf(matcher.name(), matcher.value());
    stamp.pairs[stamp.pair_count++] = {bucket, counters[bucket].load(std::memory_order_acquire)};
    if (stamp.pair_count == stamp.pairs.size()) break;
  }
  return stamp;
}

bool PairVersions::Holds(const Stamp& stamp) const {
  if (stamp.all != all_.load(std::memory_order_acquire)) return false;
  if (stamp.any == any_.load(std::memory_order_acquire)) return true;
  const Counters* const counters = counters_.load(std::memory_order_acquire);
  for (uint32_t i = 0; counters != nullptr && i < stamp.pair_count; ++i) {
    const auto [bucket, version] = stamp.pairs[i];
    if ((*counters)[bucket].load(std::memory_order_acquire) == version) return true;
  }
  return false;
}

void PairVersions::Note(std::string_view name, std::string_view value) {
  Counters* const counters = counters_.load(std::memory_order_relaxed);
  if (counters == nullptr) return;
  (*counters)[BucketOf(name, value)].fetch_add(1, std::memory_order_release);
}

}  // namespace vigil::storage
