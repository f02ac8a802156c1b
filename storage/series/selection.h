// SPDX-License-Identifier: Apache-2.0
//
// Finds the series that meet matchers, whoever holds the postings: memory for the series that live,
// rows for all others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "storage/series/matcher.h"
#include "storage/series/posting_list.h"

namespace vigil::storage {

// Label -> series, for one selection at a time.
class PostingSource {
 public:
  virtual ~PostingSource() = default;

  virtual absl::StatusOr<SeriesSet> All() = 0;
  // The series that have the label, whatever its value; that have the pair.
  virtual absl::StatusOr<SeriesSet> WithName(std::string_view name) = 0;
  virtual absl::StatusOr<SeriesSet> WithPair(std::string_view name, std::string_view value) = 0;
  // About how many series have the pair; known only where that costs next to nothing.
  virtual uint64_t PairSize(std::string_view, std::string_view) { return 0; }
  // Leaves in `*set` those that have the pair.
  virtual absl::Status KeepPair(std::string_view name, std::string_view value, SeriesSet* set) {
    absl::StatusOr<SeriesSet> with = WithPair(name, value);
    if (with.ok()) *set &= *with;
    return with.status();
  }
  // The series that have one of the values that `wanted` says yes to. It need not be asked about
  // values that do not begin with `prefix`.
  virtual absl::StatusOr<SeriesSet> WithValues(
      std::string_view name, std::string_view prefix,
      absl::FunctionRef<bool(std::string_view value)> wanted) = 0;

  // Whether asking `series` of them for their value takes less than asking all values of the name.
  virtual bool PrefersSeries(std::string_view name, uint64_t series) = 0;
  // "" if the series does not have the label.
  virtual absl::StatusOr<std::string> ValueOf(uint32_t number, std::string_view name) = 0;
};

// The series of `source` that meet every matcher. What can be looked up is intersected, smallest
// first; then exclusions are taken away; expressions that must be tried on texts come last, when
// few series are left.
absl::StatusOr<SeriesSet> SelectSeries(PostingSource& source, const std::vector<Matcher>& matchers);

// How many series have the rarest of the pairs that matchers require; nullopt if none requires one.
// Requires: the source knows how many have a pair.
std::optional<uint64_t> RequiredSeriesAtMost(PostingSource& source,
                                             const std::vector<Matcher>& matchers);

}  // namespace vigil::storage
