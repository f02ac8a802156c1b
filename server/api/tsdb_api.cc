// SPDX-License-Identifier: Apache-2.0
#include "server/api/tsdb_api.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/remote_read/chunks.h"
#include "storage/series/labels.h"

namespace vigil::server {
namespace {

// What a Prometheus keeps in its head.
constexpr int64_t kHeadMs = 3 * kMillisPerHour;
constexpr int64_t kDefaultLimit = 10;
constexpr int64_t kMaxLimit = 10'000;
// Series whose samples are read: of more, the figures on samples are estimates.
constexpr size_t kSeriesRead = 512;

using Counts = StringMap<uint64_t>;

// What is counted of all series.
class SeriesCounter {
 public:
  // `cancelled` may be null.
  SeriesCounter(storage::MetricQuerier* querier, TimeRange range,
                const std::atomic<bool>* cancelled)
      : querier_(*querier), range_(range), cancelled_(cancelled) {}

  // Metric by metric, so that no more handles are held at a time than one metric has.
  absl::Status CountAll() {
    const std::string metric_name(storage::kMetricName);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> metrics,
                           querier_.LabelValues(metric_name, {}, range_));
    size_t metrics_left = metrics.size();
    for (const std::string& metric : metrics) {
      // What a metric does not need, those behind it may have.
      const size_t reads = (kSeriesRead - read_ + metrics_left - 1) / metrics_left;
      --metrics_left;
      const Selector selector = {storage::Matcher::Equal(metric_name, metric)};
      VIGIL_ASSIGN_OR_RETURN(const std::vector<storage::SeriesHandle> handles,
                             querier_.Select(selector, range_));
      if (handles.empty()) continue;
      series_ += handles.size();
      metrics_[metric] = handles.size();
      for (const storage::SeriesHandle& handle : handles) Count(handle.labels);
      VIGIL_RETURN_IF_ERROR(ReadSome(handles, reads));
    }
    for (const auto& [pair, count] : pairs_) ++values_[pair.substr(0, pair.find('='))];
    return absl::OkStatus();
  }

  void Write(size_t limit, JsonWriter* json) const {
    json->BeginObject();
    json->Key("headStats");
    json->BeginObject();
    json->IntMember("numSeries", static_cast<int64_t>(series_));
    json->IntMember("numLabelPairs", static_cast<int64_t>(pairs_.size()));
    const double share_read =
        read_ == 0 ? 1 : static_cast<double>(read_) / static_cast<double>(series_);
    json->IntMember("chunkCount", std::llround(static_cast<double>(chunks_) / share_read));
    json->IntMember("minTime", min_time_ms_);
    json->IntMember("maxTime", max_time_ms_);
    json->EndObject();
    WriteLargest("seriesCountByMetricName", metrics_, limit, json);
    WriteLargest("labelValueCountByLabelName", values_, limit, json);
    WriteLargest("memoryInBytesByLabelName", bytes_, limit, json);
    WriteLargest("seriesCountByLabelValuePair", pairs_, limit, json);
    json->EndObject();
  }

 private:
  void Count(const storage::Labels& labels) {
    for (const storage::LabelView& label : labels) {
      ++pairs_[fmt::format("{}={}", label.name, label.value)];
      bytes_[label.name] += label.value.size();
    }
  }

  // Reads up to `reads` series of one metric, spread evenly.
  absl::Status ReadSome(const std::vector<storage::SeriesHandle>& handles, size_t reads) {
    reads = std::min(reads, handles.size());
    for (size_t i = 0; i < reads; ++i) {
      VIGIL_RETURN_IF_ERROR(Read(handles[i * handles.size() / reads].ref));
    }
    read_ += reads;
    return absl::OkStatus();
  }

  absl::Status Read(storage::SeriesRef ref) {
    if (cancelled_ != nullptr && cancelled_->load()) {
      return absl::CancelledError("the client is gone");
    }
    VIGIL_RETURN_IF_ERROR(querier_.Read(ref, range_, &samples_));
    for (const std::vector<int64_t>* const times :
         {&samples_.times_ms, &samples_.histogram_times_ms}) {
      if (times->empty()) continue;
      chunks_ += (times->size() + kSamplesPerChunk - 1) / kSamplesPerChunk;
      min_time_ms_ = std::min(min_time_ms_, times->front());
      max_time_ms_ = std::max(max_time_ms_, times->back());
    }
    return absl::OkStatus();
  }

  static void WriteLargest(std::string_view key, const Counts& counts, size_t limit,
                           JsonWriter* json) {
    std::vector<std::pair<std::string_view, uint64_t>> largest(counts.begin(), counts.end());
    const size_t kept = std::min(limit, largest.size());
    std::partial_sort(largest.begin(), largest.begin() + static_cast<std::ptrdiff_t>(kept),
                      largest.end(), [](const auto& a, const auto& b) {
                        return a.second != b.second ? a.second > b.second : a.first < b.first;
                      });
    largest.resize(kept);
    json->Key(key);
    json->BeginArray();
    for (const auto& [name, count] : largest) {
      json->BeginObject();
      json->TextMember("name", name);
      json->IntMember("value", static_cast<int64_t>(count));
      json->EndObject();
    }
    json->EndArray();
  }

  storage::MetricQuerier& querier_;
  const TimeRange range_;
  const std::atomic<bool>* const cancelled_;
  uint64_t series_ = 0;
  // Of the samples of the series that were read; chunks are those that remote read makes of them.
  size_t read_ = 0;
  uint64_t chunks_ = 0;
  int64_t min_time_ms_ = std::numeric_limits<int64_t>::max();
  int64_t max_time_ms_ = std::numeric_limits<int64_t>::min();
  storage::SampleColumns samples_;
  Counts metrics_;
  Counts pairs_;   // "name=value".
  Counts values_;  // By label name.
  Counts bytes_;   // Likewise.
};

absl::StatusOr<size_t> ReadLimit(const ApiParams& params) {
  const std::string_view text = params.First("limit");
  if (text.empty()) return kDefaultLimit;
  const absl::StatusOr<int64_t> limit = ParseGoInt(text);
  if (!limit.ok() || *limit < 1) {
    return absl::InvalidArgumentError("limit must be a positive number");
  }
  if (*limit > kMaxLimit) {
    return absl::InvalidArgumentError(fmt::format("limit must not exceed {}", kMaxLimit));
  }
  return static_cast<size_t>(*limit);
}

}  // namespace

absl::StatusOr<HttpResponse> ShowTsdbStatus(const ApiParts& parts, const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const size_t limit, ReadLimit(ApiParams(request)));
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(parts, request));
  VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass,
                         EnterGate(parts, request, parts.engine->options().timeout_ms));
  const int64_t now_ms = parts.clock->NowMs();
  const std::unique_ptr<storage::MetricQuerier> querier = parts.storage->NewMetricQuerier(tenant);
  SeriesCounter counter(querier.get(), {now_ms - kHeadMs, now_ms}, request.cancelled);
  VIGIL_RETURN_IF_ERROR(counter.CountAll());
  return Success([&](JsonWriter& json) { counter.Write(limit, &json); });
}

absl::StatusOr<HttpResponse> ListTsdbBlocks(const ApiParts&, const HttpRequest&) {
  return Success([](JsonWriter& json) {
    json.BeginObject();
    json.Key("blocks");
    json.BeginArray();
    json.EndArray();
    json.EndObject();
  });
}

}  // namespace vigil::server
