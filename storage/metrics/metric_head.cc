// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_head.h"

#include <algorithm>
#include <bit>
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
  MutexLock lock(&chunk->mutex);
  const size_t size_before = chunk->tile.size_bytes();
  chunk->tile.Reserve(run.end - run.begin);
  for (size_t i = run.begin; i < run.end; ++i) {
    const uint32_t number = ShortNumber(batch.series[i]);
    const uint32_t slot = SlotOf(number);
    const int64_t time_ms = batch.times_ms[i];
    if (!chunk->IsMarked(slot, time_ms)) [[unlikely]]
      Mark(appender, number, time_ms, chunk);
    chunk->tile.Append(slot, time_ms, batch.values[i]);
  }
  return chunk->tile.size_bytes() - size_before;
}

size_t MetricHead::AppendHistograms(Appender& appender, Run run, Chunk* chunk) {
  MutexLock lock(&chunk->mutex);
  const size_t size_before = chunk->tile.size_bytes();
  for (size_t i = run.begin; i < run.end; ++i) {
    const HistogramSample& sample = appender.batch.histograms[i];
    const uint32_t number = ShortNumber(sample.series);
    const uint32_t slot = SlotOf(number);
    if (!chunk->IsMarked(slot, sample.time_ms)) Mark(appender, number, sample.time_ms, chunk);
    chunk->tile.Append(slot, sample.time_ms, sample.histogram);
  }
  return chunk->tile.size_bytes() - size_before;
}

void MetricHead::Mark(Appender& appender, uint32_t number, int64_t time_ms, Chunk* chunk) {
  chunk->tenants[SlotOf(number)] = appender.tenant;
  const int64_t partition_ms = partitioning_.StartOf(time_ms);
  if (partition_ms < appender.expired_before_ms) return;
  if (time_ms < chunk->marked_first_ms || time_ms > chunk->marked_last_ms) {
    chunk->marked_first_ms = partition_ms;
    chunk->marked_last_ms = partitioning_.EndOf(time_ms);
    chunk->marked = 0;
  }
  chunk->marked |= SlotSet{1} << SlotOf(number);
  appender.marks->push_back({number, partition_ms});
}

void MetricHead::Read(uint32_t number, TimeRange range, SampleColumns* columns) const {
  const Chunk* const chunk = chunks_.Find(ChunkOf(number));
  if (chunk == nullptr || range.start_ms > range.end_ms) return;
  HeadColumns copy;
  {
    MutexLock lock(&chunk->mutex);
    if (chunk->tile.ReadInOrder(SlotOf(number), range, columns)) return;
    copy = chunk->tile.Copy(SlotOf(number), range);
  }
  copy.Normalize();
  copy.AppendTo(range, columns);
}

void MetricHead::SortRows() {
  chunks_.ForEach([](uint32_t, Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    chunk.tile.SortRows();
  });
}

bool MetricHead::Contains(uint32_t number) const {
  const Chunk* const chunk = chunks_.Find(ChunkOf(number));
  if (chunk == nullptr) return false;
  MutexLock lock(&chunk->mutex);
  return (chunk->tile.members() >> SlotOf(number) & 1) != 0;
}

std::vector<MetricHead::Member> MetricHead::Members() const {
  std::vector<Member> members;
  chunks_.ForEach([&members](uint32_t number, const Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    for (SlotSet rest = chunk.tile.members(); rest != 0; rest &= rest - 1) {
      const auto slot = static_cast<uint32_t>(std::countr_zero(rest));
      members.push_back({chunk.tenants[slot], number * kChunkSize + slot});
    }
  });
  std::stable_sort(members.begin(), members.end(),
                   [](const Member& a, const Member& b) { return a.tenant < b.tenant; });
  return members;
}

void MetricHead::ForgetMarksBefore(int64_t partition_ms) {
  chunks_.ForEach([partition_ms](uint32_t, Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    if (chunk.marked_first_ms < partition_ms) chunk.marked = 0;
  });
}

}  // namespace vigil::storage
