// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/run_order.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vigil::storage {
namespace {

// Fewer runs than this are not worth the sorting, nor are longer ones.
constexpr size_t kFewRuns = 8;
constexpr size_t kLongRun = 16;

// A run in a stretch of them, to be sorted: the rank of its instant, the number of its first
// series, its place.
//
//   | rank 16 | number 32 | place 16 |
using RunOrder = uint64_t;
constexpr size_t kMostRuns = 1 << 16;
// Found by walking through them.
constexpr size_t kMostInstants = 64;

RunOrder OrderOf(size_t rank, SeriesRef first, size_t place) {
  return uint64_t{rank} << 48 | NumberOf(first) << 16 | place;
}
size_t PlaceOf(RunOrder order) { return order & (kMostRuns - 1); }

// Sorts stretch after stretch of a batch, so that of samples in different ones the later one stays
// so.
class RunJoiner {
 public:
  RunJoiner(const MetricBatch& batch, MetricBatch* joined) : batch_(batch), joined_(*joined) {}

  // False when a stretch has a sample twice.
  bool Join() {
    while (begin_ < batch_.runs.size()) {
      TakeStretch();
      std::sort(order_.begin(), order_.end());
      if (!AppendStretch()) return false;
      begin_ += order_.size();
    }
    return true;
  }

 private:
  // Takes runs, from begin_ on, as long as their order fits into the words.
  void TakeStretch() {
    order_.clear();
    values_.clear();
    instants_ms_.clear();
    size_t rank = 0;
    for (size_t i = begin_; i < batch_.runs.size() && order_.size() < kMostRuns; ++i) {
      const SampleRun& run = batch_.runs[i];
      if (instants_ms_.empty() || instants_ms_[rank] != run.time_ms) {
        const auto found = std::find(instants_ms_.begin(), instants_ms_.end(), run.time_ms);
        rank = found - instants_ms_.begin();
        if (rank == kMostInstants) break;
        if (found == instants_ms_.end()) instants_ms_.push_back(run.time_ms);
      }
      order_.push_back(OrderOf(rank, run.first, order_.size()));
      values_.push_back(next_value_);
      next_value_ += run.count;
    }
  }

  bool AppendStretch() {
    bool first = true;
    for (const RunOrder order : order_) {
      const SampleRun& run = batch_.runs[begin_ + PlaceOf(order)];
      const double* const values = batch_.values.data() + values_[PlaceOf(order)];
      joined_.values.insert(joined_.values.end(), values, values + run.count);
      if (!first && joined_.runs.back().time_ms == run.time_ms) {
        SampleRun& last = joined_.runs.back();
        const SeriesRef next = last.series(last.count);
        if (run.first < next) return false;
        if (run.first == next) {
          last.count += run.count;
          continue;
        }
      }
      joined_.runs.push_back(run);
      first = false;
    }
    return true;
  }

  const MetricBatch& batch_;
  MetricBatch& joined_;
  size_t begin_ = 0;       // Of the stretch, among the runs.
  size_t next_value_ = 0;  // Behind the stretch.
  std::vector<RunOrder> order_;
  std::vector<size_t> values_;  // Where those of each run begin.
  std::vector<int64_t> instants_ms_;
};

}  // namespace

bool JoinRuns(const MetricBatch& batch, MetricBatch* joined) {
  if (batch.runs.size() < kFewRuns || batch.values.size() >= kLongRun * batch.runs.size()) {
    return false;
  }
  joined->Clear();
  joined->runs.reserve(batch.runs.size());
  joined->values.reserve(batch.values.size());
  if (!RunJoiner(batch, joined).Join()) return false;
  // Where little was joined, the order of the sender is as good.
  if (joined->runs.size() * 8 > batch.runs.size() * 7) return false;
  joined->histograms = batch.histograms;
  joined->exemplars = batch.exemplars;
  return true;
}

}  // namespace vigil::storage
