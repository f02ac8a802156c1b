// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/query_service.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/query.grpc.pb.h"
#include "query/promql/parser.h"
#include "server/grpc/call.h"
#include "server/grpc/convert.h"

namespace vigil::server {
namespace {

using collector::ToGrpcStatus;

// In one answer, some 10 MB; a chart shows a few hundred.
constexpr size_t kMaxExemplars = 100'000;

// Without a range, names are looked up over all time.
TimeRange RangeOf(int64_t start_ms, int64_t end_ms) {
  return {start_ms, end_ms == 0 ? INT64_MAX : end_ms};
}

template <typename Matches>
absl::StatusOr<std::vector<std::vector<storage::Matcher>>> ParseSelectors(const Matches& texts) {
  std::vector<std::vector<storage::Matcher>> selectors;
  for (const std::string& text : texts) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<storage::Matcher> matchers, promql::ParseSelector(text));
    selectors.push_back(std::move(matchers));
  }
  return selectors;
}

void SortUnique(std::vector<std::string>* texts) {
  std::sort(texts->begin(), texts->end());
  texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
}

// A log query is answered bit by bit, and followers stay for long: no thread waits for them.
using ServiceBase = v1::QueryService::WithCallbackMethod_Logs<v1::QueryService::Service>;

class QueryService final : public ServiceBase {
 public:
  QueryService(storage::Storage* storage, const exec::Engine* engine, cache::RangeCache* ranges,
               const Clock* clock, QueryGate* gate, LogCalls* logs)
      : storage_(*storage),
        engine_(*engine),
        ranges_(*ranges),
        clock_(*clock),
        gate_(*gate),
        logs_(*logs) {}

  grpc::Status Query(grpc::ServerContext* context, const v1::QueryRequest* request,
                     v1::QueryResponse* response) override {
    return ToGrpcStatus([&]() -> absl::Status {
      VIGIL_ASSIGN_OR_RETURN(const auto source, SourceOf(*context));
      VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, Enter(*context));
      const int64_t time_ms = request->time_ms() == 0 ? clock_.NowMs() : request->time_ms();
      VIGIL_ASSIGN_OR_RETURN(
          const exec::QueryResult result,
          engine_.Instant(*source, request->query(), time_ms, Control(*request)));
      ToMessage(result, response);
      if (request->explain()) ToMessage(result.statistics, response->mutable_explanation());
      return absl::OkStatus();
    }());
  }

  grpc::Status QueryRange(grpc::ServerContext* context, const v1::QueryRangeRequest* request,
                          v1::QueryResponse* response) override {
    return ToGrpcStatus([&]() -> absl::Status {
      VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(*context, storage_));
      const std::unique_ptr<storage::MetricSource> source = storage_.MetricSourceFor(tenant);
      VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, Enter(*context));
      VIGIL_ASSIGN_OR_RETURN(const exec::QueryResult result, Range(tenant, *source, *request));
      ToMessage(result, response);
      if (request->explain()) ToMessage(result.statistics, response->mutable_explanation());
      return absl::OkStatus();
    }());
  }

  grpc::Status Series(grpc::ServerContext* context, const v1::SeriesRequest* request,
                      v1::SeriesResponse* response) override {
    return ToGrpcStatus(ListSeries(*context, *request, response));
  }

  grpc::Status LabelNames(grpc::ServerContext* context, const v1::LabelNamesRequest* request,
                          v1::LabelNamesResponse* response) override {
    const TimeRange range = RangeOf(request->start_ms(), request->end_ms());
    const auto names = Collect(
        *context, request->matches(),
        [&](storage::MetricQuerier& querier, const std::vector<storage::Matcher>& matchers) {
          return querier.LabelNames(matchers, range);
        });
    if (!names.ok()) return ToGrpcStatus(names.status());
    for (const std::string& name : *names) response->add_names(name);
    return grpc::Status::OK;
  }

  grpc::Status LabelValues(grpc::ServerContext* context, const v1::LabelValuesRequest* request,
                           v1::LabelValuesResponse* response) override {
    const TimeRange range = RangeOf(request->start_ms(), request->end_ms());
    const auto values = Collect(
        *context, request->matches(),
        [&](storage::MetricQuerier& querier, const std::vector<storage::Matcher>& matchers) {
          return querier.LabelValues(request->name(), matchers, range);
        });
    if (!values.ok()) return ToGrpcStatus(values.status());
    for (const std::string& value : *values) response->add_values(value);
    return grpc::Status::OK;
  }

  grpc::Status Exemplars(grpc::ServerContext* context, const v1::ExemplarsRequest* request,
                         v1::ExemplarsResponse* response) override {
    return ToGrpcStatus(ListExemplars(*context, *request, response));
  }

  grpc::ServerWriteReactor<v1::LogsResponse>* Logs(grpc::CallbackServerContext* context,
                                                   const v1::LogsRequest* request) override {
    return logs_.Serve(context, *request).get();
  }

  grpc::Status Trace(grpc::ServerContext* context, const v1::TraceRequest* request,
                     v1::TraceResponse* response) override {
    return ToGrpcStatus([&]() -> absl::Status {
      VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(*context, storage_));
      const auto trace_id = storage::TraceId::FromHexText(request->trace_id());
      if (trace_id.empty()) {
        return absl::InvalidArgumentError("a trace id is 32 hexadecimal digits, not all zero");
      }
      VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, Enter(*context));
      VIGIL_ASSIGN_OR_RETURN(const std::vector<storage::Span> spans,
                             storage_.ReadTrace(tenant, trace_id));
      if (spans.empty()) {
        return absl::NotFoundError("no span of trace " + request->trace_id() + " is kept");
      }
      for (const storage::Span& span : spans) ToMessage(span, response->add_spans());
      return absl::OkStatus();
    }());
  }

 private:
  absl::StatusOr<QueryGate::Pass> Enter(const grpc::ServerContext& context) {
    return gate_.Enter(context.deadline(), [&context] { return context.IsCancelled(); });
  }

  template <typename Request>
  exec::QueryControl Control(const Request& request) const {
    return {.timeout_ms = request.timeout_ms(),
            .cancelled = &gate_.closed(),
            .explain = request.explain()};
  }

  absl::StatusOr<exec::QueryResult> Range(storage::TenantId tenant, storage::MetricSource& source,
                                          const v1::QueryRangeRequest& request) {
    if (request.explain()) {
      return engine_.Range(source, request.query(), request.start_ms(), request.end_ms(),
                           request.step_ms(), Control(request));
    }
    return ranges_.Range(tenant, source, request.query(), request.start_ms(), request.end_ms(),
                         request.step_ms(), Control(request));
  }

  absl::StatusOr<std::unique_ptr<storage::MetricSource>> SourceOf(
      const grpc::ServerContext& context) {
    VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(context, storage_));
    return storage_.MetricSourceFor(tenant);
  }

  absl::Status ListSeries(const grpc::ServerContext& context, const v1::SeriesRequest& request,
                          v1::SeriesResponse* response) {
    if (request.matches().empty()) {
      return absl::InvalidArgumentError(
          "name at least one selector, for example '{job=\"gateway\"}'");
    }
    VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(context, storage_));
    VIGIL_ASSIGN_OR_RETURN(const auto selectors, ParseSelectors(request.matches()));
    VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, Enter(context));
    const std::unique_ptr<storage::MetricQuerier> querier = storage_.NewMetricQuerier(tenant);
    std::vector<storage::Labels> found;
    for (const auto& matchers : selectors) {
      VIGIL_ASSIGN_OR_RETURN(
          const std::vector<storage::SeriesHandle> series,
          querier->Select(matchers, RangeOf(request.start_ms(), request.end_ms())));
      for (const storage::SeriesHandle& handle : series) found.push_back(handle.labels);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    response->set_truncated(request.limit() != 0 && found.size() > request.limit());
    if (response->truncated()) found.resize(request.limit());
    for (const storage::Labels& labels : found) {
      ToMessages(labels, response->add_series()->mutable_labels());
    }
    return absl::OkStatus();
  }

  absl::Status ListExemplars(const grpc::ServerContext& context,
                             const v1::ExemplarsRequest& request, v1::ExemplarsResponse* response) {
    if (request.matches().empty()) {
      return absl::InvalidArgumentError(
          "name at least one selector, for example '{job=\"gateway\"}'");
    }
    VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(context, storage_));
    VIGIL_ASSIGN_OR_RETURN(const auto selectors, ParseSelectors(request.matches()));
    std::map<storage::Labels, std::vector<storage::Exemplar>> found;
    size_t count = 0;
    for (const auto& matchers : selectors) {
      VIGIL_ASSIGN_OR_RETURN(
          std::vector<storage::ExemplarSeries> some,
          storage_.ReadExemplars(tenant, matchers, RangeOf(request.start_ms(), request.end_ms())));
      for (storage::ExemplarSeries& series : some) {
        const size_t exemplars = series.exemplars.size();
        if (!found.try_emplace(series.labels, std::move(series.exemplars)).second) continue;
        count += exemplars;
        if (count > kMaxExemplars) {
          return absl::ResourceExhaustedError(fmt::format(
              "there are more than {} exemplars: narrow the selector or the range", kMaxExemplars));
        }
      }
    }
    for (const auto& [labels, exemplars] : found) {
      v1::ExemplarSeries* const series = response->add_series();
      ToMessages(labels, series->mutable_labels());
      for (const storage::Exemplar& exemplar : exemplars) {
        v1::ExemplarValue* const value = series->add_exemplars();
        ToMessages(exemplar.labels, value->mutable_labels());
        value->set_value(exemplar.value);
        value->set_time_ms(exemplar.time_ms);
      }
    }
    return absl::OkStatus();
  }

  // The union of what `ask` gives for each selector, or for none if there is none.
  template <typename Matches, typename Ask>
  absl::StatusOr<std::vector<std::string>> Collect(const grpc::ServerContext& context,
                                                   const Matches& matches, const Ask& ask) {
    VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(context, storage_));
    VIGIL_ASSIGN_OR_RETURN(auto selectors, ParseSelectors(matches));
    if (selectors.empty()) selectors.emplace_back();
    VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, Enter(context));
    const std::unique_ptr<storage::MetricQuerier> querier = storage_.NewMetricQuerier(tenant);
    std::vector<std::string> all;
    for (const auto& matchers : selectors) {
      VIGIL_ASSIGN_OR_RETURN(std::vector<std::string> some, ask(*querier, matchers));
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    SortUnique(&all);
    return all;
  }

  storage::Storage& storage_;
  const exec::Engine& engine_;
  cache::RangeCache& ranges_;
  const Clock& clock_;
  QueryGate& gate_;
  LogCalls& logs_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeQueryService(storage::Storage* storage,
                                                const exec::Engine* engine,
                                                cache::RangeCache* ranges, const Clock* clock,
                                                QueryGate* gate, LogCalls* logs) {
  return std::make_unique<QueryService>(storage, engine, ranges, clock, gate, logs);
}

}  // namespace vigil::server
