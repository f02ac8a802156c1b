// SPDX-License-Identifier: Apache-2.0
#include "server/api/federate.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "server/api/api_params.h"
#include "server/api/federate_text.h"
#include "storage/series/labels.h"

namespace vigil::server {
namespace {

using storage::SeriesHandle;

constexpr std::string_view kProtobuf = "application/vnd.google.protobuf";
constexpr std::string_view kMessage = "io.prometheus.client.metricfamily";
// Of the labels of all series, for each sample that a query may hold: as queries have it.
constexpr size_t kLabelBytesPerSample = 6;

// One entry of an Accept header.
struct Accepted {
  std::string media;
  std::string message;  // The parameters.
  std::string encoding;
  std::string escaping;
  double quality = 1;

  bool IsProtobuf() const {
    return media == kProtobuf && message == kMessage && encoding == "delimited";
  }
  bool IsText() const { return media == "text/plain"; }
};

Accepted ReadAccepted(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, ';');
  Accepted accepted{.media = ToLower(Trim(parts.front()))};
  for (size_t i = 1; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name = ToLower(Trim(parts[i].substr(0, equals)));
    std::string value = ToLower(Trim(parts[i].substr(equals + 1)));
    if (name == "q") ParseDouble(value, &accepted.quality);
    if (name == "proto") accepted.message = std::move(value);
    if (name == "encoding") accepted.encoding = std::move(value);
    if (name == "escaping") accepted.escaping = std::move(value);
  }
  return accepted;
}

// The series that any of the selectors matches, each once, metric by metric.
absl::StatusOr<std::vector<SeriesHandle>> SelectAny(const std::vector<Selector>& selectors,
                                                    TimeRange range,
                                                    storage::MetricQuerier* querier) {
  std::vector<SeriesHandle> all;
  for (const Selector& selector : selectors) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<SeriesHandle> some, querier->Select(selector, range));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end(), [](const SeriesHandle& a, const SeriesHandle& b) {
    const int order = a.labels.MetricName().compare(b.labels.MetricName());
    return order != 0 ? order < 0 : a.labels < b.labels;
  });
  all.erase(std::unique(all.begin(), all.end(),
                        [](const auto& a, const auto& b) { return a.labels == b.labels; }),
            all.end());
  return all;
}

// The newest of `samples`, if it does not say that the series ended.
bool Newest(const storage::SampleColumns& samples, FederatedSample* newest) {
  const bool has_histogram =
      !samples.histograms.empty() &&
      (samples.times_ms.empty() || samples.histogram_times_ms.back() > samples.times_ms.back());
  if (has_histogram) {
    newest->time_ms = samples.histogram_times_ms.back();
    newest->histogram = samples.histograms.back();
    return !storage::IsStale(*newest->histogram);
  }
  if (samples.times_ms.empty()) return false;
  newest->time_ms = samples.times_ms.back();
  newest->value = samples.values.back();
  return !storage::IsStale(newest->value);
}

}  // namespace

ExpositionForm NegotiateExposition(std::string_view accept) {
  std::vector<Accepted> accepted;
  for (const std::string_view item : Split(accept, ',')) accepted.push_back(ReadAccepted(item));
  std::stable_sort(accepted.begin(), accepted.end(),
                   [](const Accepted& a, const Accepted& b) { return a.quality > b.quality; });
  for (const Accepted& item : accepted) {
    if (item.quality > 0 && (item.IsProtobuf() || item.IsText())) {
      return {item.IsProtobuf(), item.escaping == "allow-utf-8"};
    }
  }
  return {};
}

absl::StatusOr<HttpResponse> Federate(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Selector> selectors, ParseSelectors(params));
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(parts, request));
  const exec::EngineOptions& options = parts.engine->options();
  VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, EnterGate(parts, request, options.timeout_ms));
  const int64_t now_ms = parts.clock->NowMs();
  const TimeRange range = {now_ms - options.lookback_ms + 1, now_ms};
  const std::unique_ptr<storage::MetricQuerier> querier = parts.storage->NewMetricQuerier(tenant);
  querier->LimitSelection(static_cast<size_t>(options.max_samples) * kLabelBytesPerSample);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<SeriesHandle> handles,
                         SelectAny(selectors, range, querier.get()));
  const ExpositionForm form = NegotiateExposition(request.Header("accept"));
  HttpResponse response;
  response.content_type = ContentTypeOf(form);
  FederationWriter writer(form, parts.options.external_labels, &response.body);
  storage::SampleColumns samples;
  for (const SeriesHandle& handle : handles) {
    if (request.cancelled != nullptr && request.cancelled->load()) {
      return absl::CancelledError("the client is gone");
    }
    VIGIL_RETURN_IF_ERROR(querier->Read(handle.ref, range, &samples));
    FederatedSample newest;
    if (Newest(samples, &newest)) writer.Add(handle.labels, newest);
  }
  writer.Finish();
  return response;
}

}  // namespace vigil::server
