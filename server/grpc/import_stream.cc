// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/import_stream.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "server/grpc/series_samples.h"
#include "storage/model/histogram.h"

namespace vigil::server {
namespace {

using collector::Admission;

// Between looks whether there is memory or disk again.
constexpr auto kPause = std::chrono::milliseconds(100);

storage::Labels LabelsOf(const v1::SeriesSamples& message) {
  std::vector<storage::Label> labels;
  for (const v1::Label& label : message.labels()) labels.push_back({label.name(), label.value()});
  return storage::Labels(std::move(labels));
}

class Import {
 public:
  Import(storage::Storage& storage, storage::TenantId tenant)
      : storage_(storage), tenant_(tenant) {}

  absl::Status Write(const v1::ImportMetricsRequest& request, v1::ImportMetricsResponse* response) {
    batch_.Clear();
    const storage::TimeRules rules = storage_.CurrentTimeRules();
    for (int i = 0; i < request.series_size(); ++i) Add(request.series(i), i, rules, response);
    VIGIL_ASSIGN_OR_RETURN(const storage::WriteResult result,
                           storage_.WriteMetrics(tenant_, batch_, {}));
    // Only if a sample grew too old since it was looked at.
    if (result.rejected > 0) Refuse(0, result.rejected, result.rejection_reason, response);
    response->set_samples(batch_.size() - result.rejected);
    return absl::OkStatus();
  }

 private:
  static void Refuse(int series, uint64_t samples, std::string_view reason,
                     v1::ImportMetricsResponse* response) {
    v1::Refusal* const refusal = response->add_refusals();
    refusal->set_series(series);
    refusal->set_samples(samples);
    refusal->set_reason(std::string(reason));
    response->set_refused_samples(response->refused_samples() + samples);
  }

  absl::StatusOr<storage::SeriesRef> Resolve(const v1::SeriesSamples& series) {
    if (series.times_ms_size() != series.values_size() ||
        series.histogram_times_ms_size() != series.histograms_size()) {
      return absl::InvalidArgumentError("there are not as many times as values");
    }
    VIGIL_ASSIGN_OR_RETURN(const storage::MetricMetadata metadata, MetadataOf(series));
    return storage_.GetOrCreateSeries(tenant_, LabelsOf(series), metadata);
  }

  void Add(const v1::SeriesSamples& series, int index, const storage::TimeRules& rules,
           v1::ImportMetricsResponse* response) {
    const uint64_t samples = series.times_ms_size() + series.histogram_times_ms_size();
    if (samples == 0) return;
    const absl::StatusOr<storage::SeriesRef> ref = Resolve(series);
    if (!ref.ok()) return Refuse(index, samples, MessageOf(ref.status()), response);
    uint64_t refused = 0;
    std::string reason;
    const auto refuse = [&](auto why) {
      ++refused;
      if (reason.empty()) reason = why();
    };
    for (int i = 0; i < series.times_ms_size(); ++i) {
      const int64_t time_ms = series.times_ms(i);
      if (rules.Admits(time_ms)) {
        batch_.Add(*ref, time_ms, series.values(i));
      } else {
        refuse([&] { return rules.Reason(time_ms); });
      }
    }
    for (int i = 0; i < series.histogram_times_ms_size(); ++i) {
      const int64_t time_ms = series.histogram_times_ms(i);
      absl::StatusOr<storage::Histogram> histogram = FromMessage(series.histograms(i));
      if (!rules.Admits(time_ms)) {
        refuse([&] { return rules.Reason(time_ms); });
      } else if (!histogram.ok()) {
        refuse([&] { return std::string(MessageOf(histogram.status())); });
      } else {
        batch_.histograms.push_back(
            {*ref, time_ms, std::make_shared<const storage::Histogram>(*std::move(histogram))});
      }
    }
    if (refused > 0) Refuse(index, refused, reason, response);
  }

  storage::Storage& storage_;
  const storage::TenantId tenant_;
  storage::MetricBatch batch_;
};

bool Passes(const absl::Status& status) {
  return status.code() == absl::StatusCode::kResourceExhausted ||
         status.code() == absl::StatusCode::kUnavailable;
}

}  // namespace

grpc::Status TakeImport(
    storage::Storage& storage, Admission& admission, storage::TenantId tenant,
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::ImportMetricsResponse, v1::ImportMetricsRequest>* stream) {
  Import import(storage, tenant);
  v1::ImportMetricsRequest request;
  while (stream->Read(&request)) {
    v1::ImportMetricsResponse response;
    while (true) {
      if (context->IsCancelled()) return grpc::Status::CANCELLED;
      const Admission::Ticket ticket = admission.Admit(request.ByteSizeLong());
      if (ticket.admitted()) {
        response.Clear();
        const absl::Status status = import.Write(request, &response);
        if (status.ok()) break;
        if (!Passes(status)) return collector::ToGrpcStatus(status);
      }
      std::this_thread::sleep_for(kPause);
    }
    if (!stream->Write(response)) return grpc::Status::CANCELLED;
  }
  return grpc::Status::OK;
}

}  // namespace vigil::server
