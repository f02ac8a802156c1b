// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/export_stream.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "query/promql/parser.h"
#include "server/grpc/convert.h"
#include "server/grpc/series_samples.h"

namespace vigil::server {
namespace {

using storage::Matcher;
using storage::SeriesHandle;

// What is read of a series at once.
constexpr int64_t kSliceMs = 7 * kMillisPerDay;
// A message is sent when it has so many samples or series.
constexpr int kSamplesPerMessage = 16384;
constexpr int kSeriesPerMessage = 1024;
// A histogram takes the room of so many floats.
constexpr int kFloatsPerHistogram = 32;
// A querier holds a moment of the store; it is renewed after so many series, so that an export over
// hours holds up nothing.
constexpr int kSeriesPerQuerier = 1000;

class Export {
 public:
  Export(storage::Storage& storage, storage::TenantId tenant, grpc::ServerContext* context,
         grpc::ServerWriter<v1::ExportMetricsResponse>* writer)
      : storage_(storage), tenant_(tenant), context_(*context), writer_(*writer) {}

  absl::Status Run(const v1::ExportMetricsRequest& request) {
    for (const std::string& text : request.matches()) {
      VIGIL_ASSIGN_OR_RETURN(std::vector<Matcher> matchers, promql::ParseSelector(text));
      selectors_.push_back(std::move(matchers));
    }
    if (selectors_.empty()) selectors_.emplace_back();
    range_ = {request.has_start_ms() ? request.start_ms() : 0,
              request.has_end_ms() ? request.end_ms() : std::numeric_limits<int64_t>::max()};
    for (auto& [name, metadata] : storage_.MetricMetadataOf(tenant_)) {
      metadata_.emplace(std::move(name), std::move(metadata));
    }
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(range_));
    if (names.empty()) return absl::OkStatus();
    VIGIL_RETURN_IF_ERROR(NarrowRange());
    message_.set_metrics_total(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      message_.set_metrics_done(i);
      VIGIL_RETURN_IF_ERROR(WriteMetric(names[i]));
    }
    message_.set_metrics_done(names.size());
    return Send();
  }

 private:
  storage::MetricQuerier& querier() {
    if (querier_ == nullptr) querier_ = storage_.NewMetricQuerier(tenant_);
    return *querier_;
  }

  // Of the metrics that have series in `range`, sorted.
  absl::StatusOr<std::vector<std::string>> Names(TimeRange range) {
    std::vector<std::string> names;
    for (const std::vector<Matcher>& matchers : selectors_) {
      VIGIL_ASSIGN_OR_RETURN(
          std::vector<std::string> some,
          querier().LabelValues(std::string(storage::kMetricName), matchers, range));
      std::move(some.begin(), some.end(), std::back_inserter(names));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  absl::StatusOr<bool> AnythingIn(TimeRange range) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(range));
    return !names.empty();
  }

  // Cuts the range to where there is data, by bisection, so that slices are few. Requires: there is
  // some.
  absl::Status NarrowRange() {
    int64_t low = range_.start_ms;
    int64_t high = range_.end_ms;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      VIGIL_ASSIGN_OR_RETURN(const bool any, AnythingIn({range_.start_ms, middle}));
      (any ? high : low) = any ? middle : middle + 1;
    }
    const int64_t first_ms = low;
    high = range_.end_ms;
    while (low < high) {
      const int64_t middle = low + (high - low + 1) / 2;
      VIGIL_ASSIGN_OR_RETURN(const bool any, AnythingIn({middle, range_.end_ms}));
      (any ? low : high) = any ? middle : middle - 1;
    }
    range_ = {first_ms, low};
    return absl::OkStatus();
  }

  // The series of a metric that any selector matches, sorted.
  absl::StatusOr<std::vector<SeriesHandle>> SeriesOf(const std::string& name) {
    std::vector<SeriesHandle> all;
    for (std::vector<Matcher> matchers : selectors_) {
      matchers.push_back(Matcher::Equal(std::string(storage::kMetricName), name));
      VIGIL_ASSIGN_OR_RETURN(std::vector<SeriesHandle> some, querier().Select(matchers, range_));
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.labels < b.labels; });
    all.erase(std::unique(all.begin(), all.end(),
                          [](const auto& a, const auto& b) { return a.ref == b.ref; }),
              all.end());
    return all;
  }

  absl::Status WriteMetric(const std::string& name) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<SeriesHandle> series, SeriesOf(name));
    const auto known = metadata_.find(name);
    const storage::MetricMetadata metadata =
        known == metadata_.end() ? storage::MetricMetadata() : known->second;
    for (const SeriesHandle& handle : series) {
      if (++series_read_ % kSeriesPerQuerier == 0) querier_.reset();
      VIGIL_RETURN_IF_ERROR(WriteSeries(handle, metadata));
    }
    return absl::OkStatus();
  }

  absl::Status WriteSeries(const SeriesHandle& handle, const storage::MetricMetadata& metadata) {
    for (int64_t start_ms = range_.start_ms; start_ms <= range_.end_ms;) {
      const bool last = range_.end_ms - start_ms < kSliceMs;
      const TimeRange slice = {start_ms, last ? range_.end_ms : start_ms + kSliceMs - 1};
      VIGIL_RETURN_IF_ERROR(querier().Read(handle.ref, slice, &columns_));
      VIGIL_RETURN_IF_ERROR(WriteColumns(handle, metadata));
      if (last) break;
      start_ms += kSliceMs;
    }
    return absl::OkStatus();
  }

  // Pieces of floats and of histograms, each small enough for a message.
  absl::Status WriteColumns(const SeriesHandle& handle, const storage::MetricMetadata& metadata) {
    for (size_t begin = 0; begin < columns_.times_ms.size();) {
      const size_t end = std::min(columns_.times_ms.size(), begin + kSamplesPerMessage);
      v1::SeriesSamples* const piece = AddPiece(handle, metadata);
      piece->mutable_times_ms()->Assign(columns_.times_ms.begin() + begin,
                                        columns_.times_ms.begin() + end);
      piece->mutable_values()->Assign(columns_.values.begin() + begin,
                                      columns_.values.begin() + end);
      VIGIL_RETURN_IF_ERROR(Count(end - begin));
      begin = end;
    }
    constexpr size_t kMost = kSamplesPerMessage / kFloatsPerHistogram;
    for (size_t begin = 0; begin < columns_.histograms.size();) {
      const size_t end = std::min(columns_.histograms.size(), begin + kMost);
      v1::SeriesSamples* const piece = AddPiece(handle, metadata);
      for (size_t i = begin; i < end; ++i) {
        piece->add_histogram_times_ms(columns_.histogram_times_ms[i]);
        ToMessage(*columns_.histograms[i], piece->add_histograms());
      }
      VIGIL_RETURN_IF_ERROR(Count((end - begin) * kFloatsPerHistogram));
      begin = end;
    }
    return absl::OkStatus();
  }

  v1::SeriesSamples* AddPiece(const SeriesHandle& handle, const storage::MetricMetadata& metadata) {
    v1::SeriesSamples* const piece = message_.add_series();
    ToMessages(handle.labels, piece->mutable_labels());
    if (metadata.type != storage::MetricType::kUnknown) {
      piece->set_type(std::string(storage::MetricTypeName(metadata.type)));
    }
    piece->set_unit(metadata.unit);
    piece->set_help(metadata.help);
    return piece;
  }

  absl::Status Count(size_t samples) {
    samples_ += samples;
    const bool full = samples_ >= kSamplesPerMessage || message_.series_size() >= kSeriesPerMessage;
    return full ? Send() : absl::OkStatus();
  }

  absl::Status Send() {
    if (context_.IsCancelled() || !writer_.Write(message_)) {
      return absl::CancelledError("the client is gone");
    }
    message_.clear_series();
    samples_ = 0;
    return absl::OkStatus();
  }

  storage::Storage& storage_;
  const storage::TenantId tenant_;
  grpc::ServerContext& context_;
  grpc::ServerWriter<v1::ExportMetricsResponse>& writer_;
  std::vector<std::vector<Matcher>> selectors_;
  TimeRange range_;
  std::map<std::string, storage::MetricMetadata> metadata_;
  std::unique_ptr<storage::MetricQuerier> querier_;
  storage::SampleColumns columns_;
  v1::ExportMetricsResponse message_;
  size_t samples_ = 0;
  int64_t series_read_ = 0;
};

}  // namespace

absl::Status StreamExport(storage::Storage& storage, storage::TenantId tenant,
                          const v1::ExportMetricsRequest& request, grpc::ServerContext* context,
                          grpc::ServerWriter<v1::ExportMetricsResponse>* writer) {
  return Export(storage, tenant, context, writer).Run(request);
}

}  // namespace vigil::server
