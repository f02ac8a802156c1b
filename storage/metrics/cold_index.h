// SPDX-License-Identifier: Apache-2.0
//
// Finds series that are not in memory by their rows: the postings of the groups that the candidates
// are in. See storage/series/selection.h for how.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/metrics/series_rows.h"
#include "storage/model/ids.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"
#include "storage/series/posting_list.h"

namespace vigil::storage {

// Reads the rows as they are; what it is asked about must have rows. Damaged ones are reported and
// skipped. Thread-safe.
class ColdIndex {
 public:
  // `store` must outlive the index.
  ColdIndex(KeyValueStore* store, TenantId tenant, uint8_t shard)
      : store_(*store), tenant_(tenant), shard_(shard), rows_(store, tenant, shard) {}

  // Those of `candidates` that meet every matcher.
  absl::StatusOr<SeriesSet> Select(const std::vector<Matcher>& matchers,
                                   const SeriesSet& candidates) const;
  absl::StatusOr<std::vector<std::pair<uint32_t, Labels>>> LabelsOf(
      const SeriesSet& numbers) const {
    return rows_.LabelsOf(numbers);
  }
  // Adds the names of the labels, and values of one label, that series of `set` have.
  absl::Status AddNames(const SeriesSet& set, std::set<std::string>* names) const;
  absl::Status AddValues(const std::string& name, const SeriesSet& set,
                         std::set<std::string>* values) const;

 private:
  KeyValueStore& store_;
  const TenantId tenant_;
  const uint8_t shard_;
  const SeriesRows rows_;
};

}  // namespace vigil::storage
