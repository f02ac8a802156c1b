// SPDX-License-Identifier: Apache-2.0
//
// How queries see the metrics of one tenant. The query engines know this interface and nothing else
// of the metric store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/duration.h"
#include "storage/model/sample.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"
#include "storage/series/pair_versions.h"

namespace vigil::storage {

// A series within a data directory; see storage/metrics/metric_shard.h.
enum class SeriesRef : uint64_t {};

struct SeriesHandle {
  SeriesRef ref;
  Labels labels;
};

// ResourceExhausted when the labels of `handles` are longer than `max_bytes` together.
inline absl::Status CheckLabelBytes(const std::vector<SeriesHandle>& handles, size_t max_bytes) {
  size_t bytes = 0;
  for (const SeriesHandle& handle : handles) bytes += handle.labels.packed().size();
  if (bytes <= max_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "query processing would load too many series into memory: select fewer");
}

// What a querier has read of the store.
struct ReadStatistics {
  uint64_t blocks = 0;
  uint64_t bytes = 0;  // Of the blocks, as they are kept.
};

// What a selection depended on, so that who keeps it from one querier of a source to the next knows
// whether it would come out the same.
struct SelectionStamp {
  struct Part {            // Of one shard.
    TimeRange partitions;  // The first and the last one looked at.
    PairVersions::Stamp versions;
    bool any_series = false;
  };
  std::vector<Part> parts;  // Empty: never to be kept.
};

// The newest sample of a series, if it is a float.
struct NewestSample {
  enum class Kind : uint8_t { kUnknown, kNone, kFloat };
  Kind kind = Kind::kUnknown;
  int64_t time_ms = 0;
  double value = 0;
};

// A consistent view of the samples of one tenant. Made for one query and dropped after it.
// Thread-safe: several threads may read different series at once.
class MetricQuerier {
 public:
  virtual ~MetricQuerier() = default;

  // The series that meet every matcher and may have samples in `range`, sorted by labels.
  virtual absl::StatusOr<std::vector<SeriesHandle>> Select(const std::vector<Matcher>& matchers,
                                                           TimeRange range) = 0;

  // From now on, Select is ResourceExhausted when the labels that it would give are longer
  // together; what is there until it notices is at most twice that. Sources in memory need not.
  // Requires: no other call runs.
  virtual void LimitSelection(size_t /*label_bytes*/) {}

  // Replaces `*columns` by the samples of `ref` in `range` (both ends included), staleness markers
  // among them. DataLoss only when nothing can be read; a corrupt block is reported in the log,
  // counted and skipped.
  virtual absl::Status Read(SeriesRef ref, TimeRange range, SampleColumns* columns) = 0;

  // Of all calls of Read so far.
  virtual ReadStatistics Statistics() const { return {}; }

  // Sorted names of the labels that series meeting `matchers` have (all series if there is none).
  virtual absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<Matcher>& matchers,
                                                              TimeRange range) = 0;
  // Sorted values of one label, likewise.
  virtual absl::StatusOr<std::vector<std::string>> LabelValues(const std::string& name,
                                                               const std::vector<Matcher>& matchers,
                                                               TimeRange range) = 0;

  // A bound, found at once, of how many series Select, LabelNames and LabelValues would look at;
  // nullopt where they have to read rows.
  virtual std::optional<uint64_t> SeriesAtMost(const std::vector<Matcher>& /*matchers*/,
                                               TimeRange /*range*/) {
    return std::nullopt;
  }

  // To be taken before Select(matchers, range), of what it is going to depend on.
  virtual SelectionStamp StampOf(const std::vector<Matcher>& /*matchers*/, TimeRange /*range*/) {
    return {};
  }
  // Whether Select with those matchers and this range gives what it gave after the stamp was taken,
  // by this querier or an earlier one of the same source.
  virtual bool Holds(const SelectionStamp& stamp, TimeRange range) {
    return stamp.parts.size() == 1 && HoldsPart(stamp.parts.front(), range);
  }
  // The same for a querier of a single shard.
  virtual bool HoldsPart(const SelectionStamp::Part& /*part*/, TimeRange /*range*/) {
    return false;
  }

  // The last of the samples that Read would give, a staleness marker included; kUnknown where only
  // Read can tell.
  virtual NewestSample ReadNewest(SeriesRef /*ref*/, TimeRange /*range*/) { return {}; }
};

// Makes queriers. Alerting and query take this, so that tests give them memory.
class MetricSource {
 public:
  virtual ~MetricSource() = default;
  virtual std::unique_ptr<MetricQuerier> NewQuerier() = 0;
};

}  // namespace vigil::storage
