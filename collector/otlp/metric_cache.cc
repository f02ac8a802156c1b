// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/metric_cache.h"

#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/metrics.h"

namespace vigil::collector {

PointKey HashBytes(std::string_view bytes, uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.low64, hash.high64};
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

void MetricCache::Insert(const PointKey& key, PointTarget target) {
  WriterLock lock(&mutex_);
  if (entries_.size() >= max_entries_) {
    static Counter& emptied = GetCounter("vigil_otlp_metric_cache_emptied_total",
                                         "Times the cache of resolved OTLP series was full.");
    emptied.Add();
    entries_.clear();
  }
  entries_.try_emplace(key, std::move(target));
}

size_t MetricCache::size() const {
  ReaderLock lock(&mutex_);
  return entries_.size();
}

}  // namespace vigil::collector
