// SPDX-License-Identifier: Apache-2.0
#include "storage/shard/routing.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string_view>

namespace vigil::storage {
namespace {

uint64_t HashOf(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace

uint64_t ExporterHash(const Labels& labels) {
  const std::string_view job = labels.Get("job");
  const std::string_view instance = labels.Get("instance");
  if (job.empty() && instance.empty()) return labels.Hash();
  return HashOf(job) * 31 + HashOf(instance);
}

}  // namespace vigil::storage
