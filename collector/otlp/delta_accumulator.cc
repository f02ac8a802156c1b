// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/delta_accumulator.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/metrics.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

constexpr auto kVerdicts = static_cast<size_t>(DeltaVerdict::kVerdictCount);

struct Outcome {
  std::string_view label;   // Of the counter.
  std::string_view reason;  // Told to the sender, "" if the point is not refused.
};

constexpr std::array<Outcome, kVerdicts> kOutcomes = {{
    {"taken", ""},
    {"duplicate", ""},
    {"out_of_order", "ends before the last one of its series"},
    {"older_start", "begins before the first one of its series: two senders share the series"},
    {"negative", "is negative, and the sum is monotonic"},
    {"not_finite", "is not finite"},
}};

void Count(DeltaVerdict verdict, int64_t points) {
  static const std::array<Counter*, kVerdicts> counters = [] {
    std::array<Counter*, kVerdicts> made;
    for (size_t i = 0; i < kVerdicts; ++i) {
      made[i] = &GetCounter("vigil_otlp_delta_points_total",
                            "OTLP points of delta temporality by what became of them.",
                            fmt::format("outcome=\"{}\"", kOutcomes[i].label));
    }
    return made;
  }();
  counters[static_cast<size_t>(verdict)]->Add(points);
}

void Refuse(const DeltaPoint& point, std::string_view reason, Rejections* rejections) {
  rejections->Add(
      1, fmt::format("metric \"{}\": a delta point {}", ReplaceInvalidUtf8(point.metric), reason));
}

}  // namespace

DeltaAccumulator::Claim DeltaAccumulator::Accumulate(storage::TenantId tenant,
                                                     std::vector<DeltaPoint> points,
                                                     storage::MetricBatch* batch,
                                                     Rejections* rejections) {
  if (points.empty()) return Claim(this, {});
  std::stable_sort(points.begin(), points.end(), [](const DeltaPoint& a, const DeltaPoint& b) {
    return std::tie(a.stream, a.time_ns) < std::tie(b.stream, b.time_ns);
  });
  Streams streams = ClaimStreams(points);
  // Made after the streams were claimed: it sees what the last request for them stored.
  std::unique_ptr<storage::MetricQuerier> querier;
  std::array<int64_t, kVerdicts> counts = {};
  auto stream = streams.begin();
  bool first_of_stream = true;
  for (const DeltaPoint& point : points) {
    if (point.stream != (*stream)->series) {
      ++stream;
      first_of_stream = true;
    }
    DeltaTotal& total = (*stream)->total;
    if (!total.loaded()) {
      if (querier == nullptr) querier = storage_.NewMetricQuerier(tenant);
      total.Load(querier.get(), point);
    }
    const DeltaVerdict verdict = total.Add(point, batch);
    ++counts[static_cast<size_t>(verdict)];
    if (verdict == DeltaVerdict::kDuplicate && !first_of_stream) {
      // Nothing is sent twice in one request: these are two streams.
      Refuse(point, "has the series and the time of another one in the request", rejections);
    } else if (const std::string_view reason = kOutcomes[static_cast<size_t>(verdict)].reason;
               !reason.empty()) {
      Refuse(point, reason, rejections);
    }
    first_of_stream = false;
  }
  for (size_t i = 0; i < kVerdicts; ++i) Count(static_cast<DeltaVerdict>(i), counts[i]);
  return Claim(this, std::move(streams));
}

DeltaAccumulator::Streams DeltaAccumulator::ClaimStreams(const std::vector<DeltaPoint>& points) {
  Streams claimed;
  MutexLock lock(&mutex_);
  // All at once: who waits holds nothing that others wait for.
  while (AnyClaimedLocked(points)) released_.wait(mutex_);
  for (const DeltaPoint& point : points) {
    if (!claimed.empty() && claimed.back()->series == point.stream) continue;
    const auto [found, added] = by_series_.try_emplace(point.stream);
    if (added) {
      found->second = streams_.insert(streams_.begin(), Stream{point.stream, {}, false});
    } else {
      streams_.splice(streams_.begin(), streams_, found->second);
    }
    found->second->claimed = true;
    claimed.push_back(found->second);
  }
  ForgetOldestLocked();
  return claimed;
}

bool DeltaAccumulator::AnyClaimedLocked(const std::vector<DeltaPoint>& points) const {
  for (const DeltaPoint& point : points) {
    const auto found = by_series_.find(point.stream);
    if (found != by_series_.end() && found->second->claimed) return true;
  }
  return false;
}

void DeltaAccumulator::ForgetOldestLocked() {
  static Counter& forgotten = GetCounter("vigil_otlp_delta_streams_forgotten_total",
                                         "Running totals that were dropped from memory.");
  // One that is claimed and the oldest is about to be released; the next request sees to it.
  while (streams_.size() > max_streams_ && !streams_.back().claimed) {
    by_series_.erase(streams_.back().series);
    streams_.pop_back();
    forgotten.Add();
  }
}

void DeltaAccumulator::Release(const Streams& streams, bool keep) {
  if (streams.empty()) return;
  {
    MutexLock lock(&mutex_);
    for (const auto& stream : streams) {
      stream->claimed = false;
      if (keep) continue;
      by_series_.erase(stream->series);
      streams_.erase(stream);
    }
  }
  released_.notify_all();
}

size_t DeltaAccumulator::size() const {
  MutexLock lock(&mutex_);
  return streams_.size();
}

}  // namespace vigil::collector
