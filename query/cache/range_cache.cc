// SPDX-License-Identifier: Apache-2.0
#include "query/cache/range_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "base/metrics.h"
#include "base/status.h"
#include "query/cache/step_local.h"
#include "query/exec/annotations.h"
#include "query/exec/limits.h"
#include "query/promql/parser.h"

namespace vigil::cache {
namespace {

using exec::MatrixResult;
using exec::QueryResult;
using exec::SeriesResult;
using storage::SampleColumns;

constexpr TimeRange kAllTime = {std::numeric_limits<int64_t>::min(),
                                std::numeric_limits<int64_t>::max()};

// One answer may take this part of the room.
constexpr size_t kMostOfRoom = 4;

void CountSteps(int64_t kept, int64_t computed) {
  constexpr std::string_view kName = "vigil_query_cache_steps_total";
  constexpr std::string_view kHelp =
      "Steps of range queries that may be kept, by whether they were kept from an earlier one.";
  static Counter& kept_steps = GetCounter(kName, kHelp, "outcome=\"kept\"");
  static Counter& computed_steps = GetCounter(kName, kHelp, "outcome=\"computed\"");
  kept_steps.Add(kept);
  computed_steps.Add(computed);
}

// Appends the part of (times, values) in `range` to `to`.
template <typename T>
void AppendPart(const std::vector<int64_t>& times, const std::vector<T>& values, TimeRange range,
                std::vector<int64_t>* to_times, std::vector<T>* to_values) {
  const auto begin = std::lower_bound(times.begin(), times.end(), range.start_ms);
  const auto end = std::upper_bound(begin, times.end(), range.end_ms);
  to_times->insert(to_times->end(), begin, end);
  to_values->insert(to_values->end(), values.begin() + (begin - times.begin()),
                    values.begin() + (end - times.begin()));
}

void AppendPart(const SampleColumns& from, TimeRange range, SampleColumns* to) {
  AppendPart(from.times_ms, from.values, range, &to->times_ms, &to->values);
  AppendPart(from.histogram_times_ms, from.histograms, range, &to->histogram_times_ms,
             &to->histograms);
}

QueryResult PartOf(const QueryResult& result, TimeRange range) {
  MatrixResult part;
  for (const SeriesResult& series : std::get<MatrixResult>(result.value)) {
    SampleColumns samples;
    AppendPart(series.samples, range, &samples);
    if (!samples.Empty()) part.push_back({series.labels, std::move(samples)});
  }
  return {std::move(part), result.warnings, result.infos};
}

// Whether there are annotations that may be about some of the steps only. About which is not known.
bool HasNotesOnSteps(const QueryResult& result) {
  return !result.warnings.empty() ||
         !std::all_of(result.infos.begin(), result.infos.end(), exec::IsAboutNames);
}

// `later` has the steps behind those of `earlier`. Both are sorted by labels.
MatrixResult Join(MatrixResult earlier, MatrixResult later) {
  MatrixResult all;
  all.reserve(std::max(earlier.size(), later.size()));
  auto next = later.begin();
  for (SeriesResult& series : earlier) {
    for (; next != later.end() && next->labels < series.labels; ++next) {
      all.push_back(std::move(*next));
    }
    if (next != later.end() && next->labels == series.labels) {
      AppendPart(next->samples, kAllTime, &series.samples);
      ++next;
    }
    all.push_back(std::move(series));
  }
  std::move(next, later.end(), std::back_inserter(all));
  return all;
}

void AddTexts(const std::vector<std::string>& more, std::vector<std::string>* texts) {
  for (const std::string& text : more) {
    if (std::find(texts->begin(), texts->end(), text) == texts->end()) texts->push_back(text);
  }
}

QueryResult Join(QueryResult earlier, QueryResult later) {
  earlier.value = Join(std::get<MatrixResult>(std::move(earlier.value)),
                       std::get<MatrixResult>(std::move(later.value)));
  AddTexts(later.warnings, &earlier.warnings);
  AddTexts(later.infos, &earlier.infos);
  return earlier;
}

constexpr size_t kBytesOfWeight = 16;  // See exec::SampleWeight.

size_t SizeOf(const QueryResult& result) {
  size_t bytes = sizeof(result);
  for (const SeriesResult& series : std::get<MatrixResult>(result.value)) {
    bytes += sizeof(series) + series.labels.packed().size();
    bytes += series.samples.times_ms.size() * (sizeof(int64_t) + sizeof(double));
    for (const auto& histogram : series.samples.histograms) {
      bytes += sizeof(int64_t) + sizeof(histogram) +
               static_cast<size_t>(exec::SampleWeight(*histogram)) * kBytesOfWeight;
    }
  }
  return bytes;
}

}  // namespace

// From before the samples are read until the answer is kept.
class RangeCache::Run {
 public:
  Run(RangeCache* cache, storage::TenantId tenant) : cache_(*cache), tenant_(tenant) {
    MutexLock lock(&cache_.mutex_);
    place_ = cache_.runs_.insert(cache_.runs_.end(), this);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    MutexLock lock(&cache_.mutex_);
    cache_.runs_.erase(place_);
  }

  // Requires: the cache's lock.
  void Note(int64_t first_ms) { changed_ms_ = std::min(changed_ms_, first_ms); }
  storage::TenantId tenant() const { return tenant_; }
  int64_t changed_ms() const { return changed_ms_; }

 private:
  RangeCache& cache_;
  const storage::TenantId tenant_;
  std::list<Run*>::iterator place_;
  int64_t changed_ms_ = kNever;
};

bool RangeCache::MayKeep(const TimeRange& range, int64_t step_ms) const {
  return max_bytes_ != 0 && range.start_ms >= 0 && step_ms > 0 && range.end_ms >= range.start_ms &&
         (range.end_ms - range.start_ms) / step_ms <= engine_.options().max_points;
}

absl::StatusOr<QueryResult> RangeCache::Range(storage::TenantId tenant,
                                              storage::MetricSource& source, std::string_view query,
                                              int64_t start_ms, int64_t end_ms, int64_t step_ms,
                                              const exec::QueryControl& control) {
  if (!MayKeep({start_ms, end_ms}, step_ms)) {
    return engine_.Range(source, query, start_ms, end_ms, step_ms, control);
  }
  VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr,
                         promql::ParseExpr(query, engine_.options().language));
  return RangeExpr(tenant, source, *expr, query, start_ms, end_ms, step_ms, control);
}

absl::StatusOr<QueryResult> RangeCache::RangeExpr(storage::TenantId tenant,
                                                  storage::MetricSource& source,
                                                  const promql::Expr& expr, std::string_view query,
                                                  int64_t start_ms, int64_t end_ms, int64_t step_ms,
                                                  const exec::QueryControl& control) {
  const auto compute = [&](int64_t first_ms) {
    return engine_.RangeExpr(source, expr, query, first_ms, end_ms, step_ms, control);
  };
  if (!MayKeep({start_ms, end_ms}, step_ms) || !IsStepLocal(expr)) return compute(start_ms);

  const Steps steps = {start_ms, start_ms + (end_ms - start_ms) / step_ms * step_ms, step_ms};
  Key key = {tenant, step_ms, start_ms % step_ms, control.lookback_ms, std::string(query)};
  Run run(this, tenant);
  int64_t good_end_ms = 0;
  const ExtentPtr known = Find(key, start_ms, steps.last_ms, &good_end_ms);
  if (known == nullptr) {
    CountSteps(0, steps.CountTo(steps.last_ms));
    VIGIL_ASSIGN_OR_RETURN(QueryResult result, compute(start_ms));
    Offer(std::move(key), run, steps, result);
    return result;
  }
  const TimeRange kept = {start_ms, std::min(good_end_ms, steps.last_ms)};
  const int64_t kept_steps = steps.CountTo(kept.end_ms);
  CountSteps(kept_steps, steps.CountTo(steps.last_ms) - kept_steps);
  QueryResult result = PartOf(known->result, kept);
  if (kept.end_ms == steps.last_ms) return result;
  VIGIL_ASSIGN_OR_RETURN(QueryResult rest, compute(kept.end_ms + step_ms));
  result = Join(std::move(result), std::move(rest));
  // A dashboard that looks at the last hour does not cost the one that looks at the day.
  if ((good_end_ms - known->start_ms) / 2 <= steps.last_ms - start_ms) {
    Offer(std::move(key), run, steps, result);
  }
  return result;
}

void RangeCache::Offer(Key key, const Run& run, const Steps& steps, const QueryResult& result) {
  const int64_t until_ms = std::min(steps.last_ms, clock_.NowMs() - kFreshMs);
  if (until_ms < steps.start_ms) return;
  if (until_ms < steps.last_ms && HasNotesOnSteps(result)) return;
  const size_t size_bytes = SizeOf(result);
  if (size_bytes > max_bytes_ / kMostOfRoom) return;
  const TimeRange range = {steps.start_ms,
                           steps.start_ms + (steps.CountTo(until_ms) - 1) * steps.step_ms};
  Keep(std::move(key), run,
       std::make_shared<const Extent>(
           Extent{range.start_ms, range.end_ms, PartOf(result, range), size_bytes}));
}

RangeCache::ExtentPtr RangeCache::Find(const Key& key, int64_t start_ms, int64_t last_ms,
                                       int64_t* good_end_ms) {
  MutexLock lock(&mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Entries::iterator entry = found->second;
  const Extent& extent = *entry->extent;
  // The last step before the first change.
  int64_t end_ms = extent.end_ms;
  if (entry->changed_ms <= end_ms) {
    if (entry->changed_ms <= extent.start_ms) {
      Remove(entry);
      return nullptr;
    }
    end_ms =
        extent.start_ms + (entry->changed_ms - 1 - extent.start_ms) / key.step_ms * key.step_ms;
  }
  if (start_ms < extent.start_ms || start_ms > end_ms) return nullptr;
  const bool whole = start_ms == extent.start_ms && end_ms == last_ms && end_ms == extent.end_ms;
  if (!whole && HasNotesOnSteps(extent.result)) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  *good_end_ms = end_ms;
  return entry->extent;
}

void RangeCache::Keep(Key key, const Run& run, ExtentPtr extent) {
  MutexLock lock(&mutex_);
  if (run.changed_ms() <= extent->start_ms) return;
  if (const auto known = by_key_.find(key); known != by_key_.end()) Remove(known->second);
  size_bytes_ += extent->size_bytes;
  last_kept_ms_ = std::max(last_kept_ms_, extent->end_ms);
  entries_.push_front({std::move(key), std::move(extent), run.changed_ms()});
  by_key_[entries_.front().key] = entries_.begin();
  while (size_bytes_ > max_bytes_) Remove(std::prev(entries_.end()));
}

void RangeCache::Remove(Entries::iterator entry) {
  size_bytes_ -= entry->extent->size_bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

void RangeCache::OnMetricsWritten(storage::TenantId tenant, int64_t first_ms) {
  MutexLock lock(&mutex_);
  for (Run* const run : runs_) {
    if (run->tenant() == tenant) run->Note(first_ms);
  }
  if (first_ms > last_kept_ms_) return;  // As it is with what comes in time.
  for (Entry& entry : entries_) {
    if (entry.key.tenant == tenant) entry.changed_ms = std::min(entry.changed_ms, first_ms);
  }
}

void RangeCache::OnMetricsDropped() {
  MutexLock lock(&mutex_);
  for (Run* const run : runs_) run->Note(std::numeric_limits<int64_t>::min());
  entries_.clear();
  by_key_.clear();
  size_bytes_ = 0;
}

size_t RangeCache::size_bytes() const {
  MutexLock lock(&mutex_);
  return size_bytes_;
}

}  // namespace vigil::cache
