// SPDX-License-Identifier: Apache-2.0
#include "query/exec/series_source.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/mutex.h"
#include "base/status.h"
#include "query/exec/parallel.h"

namespace vigil::exec {
namespace {

// Series that a thread makes between two visits to what the threads share: their columns fit into
// the second cache.
constexpr size_t kLotSize = 16;

// How many lots may be ahead of the one that is taken next, which bounds the memory they take.
size_t LotsAhead(size_t threads) { return 2 * threads + 2; }

using Lot = std::vector<Column>;

// One run of ForEachSeries: lots are made by any thread and taken in their order, by one thread at
// a time.
class LotQueue {
 public:
  LotQueue(const SeriesSource& source, size_t threads, TakeSeries take)
      : series_(source.size()),
        ahead_(LotsAhead(threads)),
        order_(source.ReadOrder()),
        take_(take) {}

  size_t lots() const { return (series_ + kLotSize - 1) / kLotSize; }
  size_t BeginOf(size_t lot) const { return lot * kLotSize; }
  size_t EndOf(size_t lot) const { return std::min(series_, (lot + 1) * kLotSize); }
  // The series that is read in a place.
  size_t SeriesAt(size_t place) const { return order_.empty() ? place : order_[place]; }

  // The next lot to be made, for which there is room; lots() when none is left or wanted. Appends
  // to `*columns` some that nobody needs any more, with whatever is in them.
  size_t Claim(Lot* columns) {
    MutexLock lock(&mutex_);
    while (claimed_ >= taken_ + ahead_ && claimed_ < lots() && status_.ok()) changed_.wait(mutex_);
    if (claimed_ >= lots() || !status_.ok()) return lots();
    const size_t size = EndOf(claimed_) - BeginOf(claimed_);
    while (columns->size() < size && !spare_.empty()) {
      columns->push_back(std::move(spare_.back()));
      spare_.pop_back();
    }
    return claimed_++;
  }

  // Takes what can be taken, unless another thread is at it: then that one does.
  void Deliver(size_t number, Lot lot) {
    {
      MutexLock lock(&mutex_);
      made_.emplace(number, std::move(lot));
    }
    Lot next;
    while (const std::optional<size_t> first = BeginToTake(&next)) {
      absl::Status status = Take(*first, &next);
      EndTaking(std::move(next), std::move(status));
    }
  }

  void Fail(absl::Status status) {
    MutexLock lock(&mutex_);
    if (status_.ok()) status_ = std::move(status);
    changed_.notify_all();
  }

  absl::Status status() {
    MutexLock lock(&mutex_);
    return status_;
  }

 private:
  // Gives the lot that is to be taken next, and the place of its first series; nullopt if it is not
  // made yet, or another thread takes.
  std::optional<size_t> BeginToTake(Lot* lot) {
    MutexLock lock(&mutex_);
    const auto next = made_.find(taken_);
    if (taking_ || !status_.ok() || next == made_.end()) return std::nullopt;
    *lot = std::move(next->second);
    made_.erase(next);
    taking_ = true;
    return BeginOf(taken_);
  }

  // By the one thread that is at it.
  absl::Status Take(size_t first, Lot* lot) {
    for (size_t i = 0; i < lot->size(); ++i) {
      Column& column = (*lot)[i];
      if (column.Empty()) continue;
      VIGIL_RETURN_IF_ERROR(take_(SeriesAt(first + i), std::move(column)));
    }
    return absl::OkStatus();
  }

  void EndTaking(Lot lot, absl::Status status) {
    MutexLock lock(&mutex_);
    for (Column& column : lot) {
      // Nobody wanted to keep it.
      if (column.size() > 0) spare_.push_back(std::move(column));
    }
    if (status_.ok()) status_ = std::move(status);
    ++taken_;
    taking_ = false;
    changed_.notify_all();
  }

  const size_t series_;
  const size_t ahead_;
  const std::vector<uint32_t> order_;
  const TakeSeries take_;

  Mutex mutex_;
  CondVar changed_;
  size_t claimed_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  bool taking_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<size_t, Lot> made_ ABSL_GUARDED_BY(mutex_);  // By their numbers.
  Lot spare_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

absl::Status MakeLots(Evaluator& evaluator, const SeriesSource& source, LotQueue* queue) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesReader> reader, source.NewReader());
  while (true) {
    Lot columns;
    const size_t lot = queue->Claim(&columns);
    if (lot == queue->lots()) return absl::OkStatus();
    for (Column& column : columns) column.Reset();
    const size_t begin = queue->BeginOf(lot);
    while (columns.size() < queue->EndOf(lot) - begin) columns.push_back(evaluator.NewColumn());
    for (size_t i = 0; i < columns.size(); ++i) {
      VIGIL_RETURN_IF_ERROR(evaluator.context().limits.Check());
      VIGIL_RETURN_IF_ERROR(reader->Read(queue->SeriesAt(begin + i), &columns[i]));
    }
    queue->Deliver(lot, std::move(columns));
  }
}

// Few series are made and taken one by one: there is nothing to share with other threads.
absl::Status MakeFew(Evaluator& evaluator, const SeriesSource& source, TakeSeries take) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesReader> reader, source.NewReader());
  const std::vector<uint32_t> order = source.ReadOrder();
  Column column;
  for (size_t place = 0; place < source.size(); ++place) {
    const size_t series = order.empty() ? place : order[place];
    // Of one step each takes less than to look at the clock.
    if (place == 0 || evaluator.steps() > 1) {
      VIGIL_RETURN_IF_ERROR(evaluator.context().limits.Check());
    }
    if (column.size() == evaluator.steps()) {
      column.Reset();  // Nobody wanted to keep it.
    } else {
      column = evaluator.NewColumn();
    }
    VIGIL_RETURN_IF_ERROR(reader->Read(series, &column));
    if (!column.Empty()) VIGIL_RETURN_IF_ERROR(take(series, std::move(column)));
  }
  return absl::OkStatus();
}

// Puts series in the order of the places that they have been given.
void SortByPlace(const std::vector<size_t>& places, std::vector<Series>* series) {
  if (std::is_sorted(places.begin(), places.end())) return;
  std::vector<size_t> order(places.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return places[a] < places[b]; });
  std::vector<Series> sorted;
  sorted.reserve(series->size());
  for (const size_t i : order) sorted.push_back(std::move((*series)[i]));
  *series = std::move(sorted);
}

}  // namespace

absl::Status ForEachSeries(Evaluator& evaluator, const SeriesSource& source, TakeSeries take) {
  if (source.size() <= kLotSize) return MakeFew(evaluator, source, take);
  const QueryContext& context = evaluator.context();
  LotQueue queue(source, context.options.threads, take);
  RunTogether(context.helpers, std::min(context.options.threads, queue.lots()), [&](size_t) {
    absl::Status status = MakeLots(evaluator, source, &queue);
    if (!status.ok()) queue.Fail(std::move(status));
  });
  return queue.status();
}

absl::StatusOr<VectorValue> CollectSeries(Evaluator& evaluator, SeriesSource& source) {
  return CollectSeries(evaluator, source, [](const Column&) { return true; });
}

absl::StatusOr<VectorValue> CollectSeries(Evaluator& evaluator, SeriesSource& source,
                                          absl::FunctionRef<bool(const Column& column)> wanted) {
  VectorValue result = evaluator.NewVector();
  std::vector<size_t> places;  // Of the results' series among the source's.
  VIGIL_RETURN_IF_ERROR(ForEachSeries(evaluator, source, [&](size_t series, Column&& column) {
    if (!wanted(column)) return absl::OkStatus();
    places.push_back(series);
    return result.Add(source.TakeLabels(series), std::move(column));
  }));
  SortByPlace(places, &result.series);
  if (source.DropsName()) VIGIL_RETURN_IF_ERROR(evaluator.DropNames(&result));
  return result;
}

}  // namespace vigil::exec
