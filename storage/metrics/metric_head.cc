// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_head.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vigil::storage {
namespace {

uint32_t ShortNumber(SeriesRef ref) { return static_cast<uint32_t>(NumberOf(ref)); }

}  // namespace

// One call of Append.
struct MetricHead::Appender {
  TenantId tenant;
  const MetricBatch& batch;
  int64_t expired_before_ms;
  std::vector<SeriesIndex::Presence>* marks;
};

void MetricHead::Append(TenantId tenant, const MetricBatch& batch, int64_t expired_before_ms,
                        std::vector<SeriesIndex::Presence>* marks) {
  Appender appender = {tenant, batch, expired_before_ms, marks};
  size_t grown = 0;
  const auto for_each_run = [&](size_t count, auto series_of, auto append) {
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
      const uint32_t chunk = ChunkOf(ShortNumber(series_of(begin)));
      end = begin + 1;
      while (end < count && ChunkOf(ShortNumber(series_of(end))) == chunk) ++end;
      grown += (this->*append)(appender, {begin, end}, &chunks_.FindOrCreate(chunk));
    }
  };
  for_each_run(
      batch.series.size(), [&](size_t i) { return batch.series[i]; }, &MetricHead::AppendFloats);
  for_each_run(
      batch.histograms.size(), [&](size_t i) { return batch.histograms[i].series; },
      &MetricHead::AppendHistograms);
  samples_.fetch_add(batch.size(), std::memory_order_relaxed);
  size_bytes_.fetch_add(grown, std::memory_order_relaxed);
}

size_t MetricHead::AppendFloats(Appender& appender, Run run, Chunk* chunk) {
  const MetricBatch& batch = appender.batch;
  size_t grown = 0;
  MutexLock lock(&chunk->mutex);
  for (size_t i = run.begin; i < run.end; ++i) {
    const uint32_t number = ShortNumber(batch.series[i]);
    const int64_t time_ms = batch.times_ms[i];
    Series& series = chunk->series[SlotOf(number)];
    if (time_ms < series.marked_first_ms || time_ms > series.marked_last_ms) [[unlikely]] {
      Mark(appender, number, time_ms, &series);
    }
    grown += series.columns.Append(time_ms, batch.values[i]);
  }
  return grown;
}

size_t MetricHead::AppendHistograms(Appender& appender, Run run, Chunk* chunk) {
  size_t grown = 0;
  MutexLock lock(&chunk->mutex);
  for (size_t i = run.begin; i < run.end; ++i) {
    const HistogramSample& sample = appender.batch.histograms[i];
    const uint32_t number = ShortNumber(sample.series);
    Series& series = chunk->series[SlotOf(number)];
    if (sample.time_ms < series.marked_first_ms || sample.time_ms > series.marked_last_ms) {
      Mark(appender, number, sample.time_ms, &series);
    }
    grown += series.columns.Append(sample.time_ms, sample.histogram);
  }
  return grown;
}

void MetricHead::Mark(Appender& appender, uint32_t number, int64_t time_ms, Series* series) {
  if (series->columns.empty()) {
    series->tenant = appender.tenant;
    size_bytes_.fetch_add(sizeof(Series), std::memory_order_relaxed);
  }
  const int64_t partition_ms = partitioning_.StartOf(time_ms);
  if (partition_ms < appender.expired_before_ms) return;
  series->marked_first_ms = partition_ms;
  series->marked_last_ms = partitioning_.EndOf(time_ms);
  appender.marks->push_back({number, partition_ms});
}

void MetricHead::Read(uint32_t number, TimeRange range, SampleColumns* columns) const {
  const Chunk* const chunk = chunks_.Find(ChunkOf(number));
  if (chunk == nullptr || range.start_ms > range.end_ms) return;
  HeadColumns copy;
  {
    MutexLock lock(&chunk->mutex);
    copy = chunk->series[SlotOf(number)].columns.Copy(range);
  }
  copy.Normalize();
  copy.AppendTo(range, columns);
}

void MetricHead::Normalize() {
  chunks_.ForEach([](uint32_t, Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    for (Series& series : chunk.series) series.columns.Normalize();
  });
}

bool MetricHead::Contains(uint32_t number) const {
  const Chunk* const chunk = chunks_.Find(ChunkOf(number));
  if (chunk == nullptr) return false;
  MutexLock lock(&chunk->mutex);
  return !chunk->series[SlotOf(number)].columns.empty();
}

std::vector<MetricHead::Member> MetricHead::Members() const {
  std::vector<Member> members;
  chunks_.ForEach([&members](uint32_t number, const Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    for (uint32_t slot = 0; slot < kChunkSize; ++slot) {
      const Series& series = chunk.series[slot];
      if (!series.columns.empty()) members.push_back({series.tenant, number * kChunkSize + slot});
    }
  });
  std::stable_sort(members.begin(), members.end(),
                   [](const Member& a, const Member& b) { return a.tenant < b.tenant; });
  return members;
}

void MetricHead::ForgetMarksBefore(int64_t partition_ms) {
  chunks_.ForEach([partition_ms](uint32_t, Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    for (Series& series : chunk.series) {
      if (series.marked_first_ms >= partition_ms) continue;
      series.marked_first_ms = 1;
      series.marked_last_ms = 0;
    }
  });
}

}  // namespace vigil::storage
