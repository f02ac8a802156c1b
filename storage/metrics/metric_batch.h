// SPDX-License-Identifier: Apache-2.0
//
// Samples on their way into the store. Those of an exporter come for one instant and for series
// whose numbers follow each other, because they were given out when it first sent them: a batch
// keeps them as runs, so that what is done for each sample on the way is mostly done for each run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/metrics/exemplar.h"
#include "storage/metrics/querier.h"
#include "storage/model/histogram.h"

namespace vigil::storage {

// A SeriesRef is the shard's number in the top 8 bits and the series' number within the shard
// below; numbers start at 1 and are never used again.
inline uint32_t ShardOf(SeriesRef ref) { return static_cast<uint64_t>(ref) >> 56; }
inline uint64_t NumberOf(SeriesRef ref) { return static_cast<uint64_t>(ref) & ((1ull << 56) - 1); }
inline SeriesRef MakeSeriesRef(uint32_t shard, uint64_t number) {
  return SeriesRef{static_cast<uint64_t>(shard) << 56 | number};
}

// A float for each of `count` neighbouring series, all for one instant.
struct SampleRun {
  SeriesRef first{};
  uint32_t count = 0;
  int64_t time_ms = 0;

  SeriesRef series(uint32_t i) const { return SeriesRef{static_cast<uint64_t>(first) + i}; }
  friend bool operator==(const SampleRun&, const SampleRun&) = default;
};

struct HistogramSample {
  SeriesRef series{};
  int64_t time_ms = 0;
  std::shared_ptr<const Histogram> histogram;
};

struct ExemplarSample {
  SeriesRef series{};
  Exemplar exemplar;
};

// Samples to be written, in any order. Meant to be reused: Clear keeps the memory.
struct MetricBatch {
  std::vector<SampleRun> runs;
  std::vector<double> values;  // Of the runs, one behind the other.
  std::vector<HistogramSample> histograms;
  // Journaled and kept with the samples, but not counted with them.
  std::vector<ExemplarSample> exemplars;

  void Add(SeriesRef ref, int64_t time_ms, double value) {
    if (!runs.empty() && runs.back().time_ms == time_ms &&
        runs.back().series(runs.back().count) == ref) [[likely]] {
      ++runs.back().count;
    } else {
      runs.push_back({ref, 1, time_ms});
    }
    values.push_back(value);
  }

  // Calls visit(series, time_ms, value) for each float.
  template <typename Visit>
  void ForEachFloat(const Visit& visit) const {
    const double* value = values.data();
    for (const SampleRun& run : runs) {
      for (uint32_t i = 0; i < run.count; ++i) visit(run.series(i), run.time_ms, *value++);
    }
  }

  size_t size() const { return values.size() + histograms.size(); }
  bool empty() const { return size() == 0 && exemplars.empty(); }

  // A moment in the filling of a batch, to which Rewind takes it back.
  struct Mark {
    size_t runs = 0;
    uint32_t last_count = 0;  // Of the last run.
    size_t values = 0;
    size_t histograms = 0;
    size_t exemplars = 0;
  };
  Mark mark() const {
    return {runs.size(), runs.empty() ? 0 : runs.back().count, values.size(), histograms.size(),
            exemplars.size()};
  }
  void Rewind(const Mark& mark) {
    runs.resize(mark.runs);
    if (!runs.empty()) runs.back().count = mark.last_count;
    values.resize(mark.values);
    histograms.resize(mark.histograms);
    exemplars.resize(mark.exemplars);
  }
  void Clear() { Rewind({}); }
};

}  // namespace vigil::storage
