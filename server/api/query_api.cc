// SPDX-License-Identifier: Apache-2.0
#include "server/api/query_api.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/status.h"
#include "query/promql/parser.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/api/query_json.h"

namespace vigil::server {
namespace {

using promql::ValueType;

constexpr double kNanosPerSecond = 1e9;

// What both kinds of query are asked with.
struct QueryOptions {
  std::string query;
  size_t limit = 0;
  exec::QueryControl control;
  std::string statistics;  // The parameter `stats`.
};

// How long the parts of a query took.
struct Timings {
  int64_t begin_ns = MonotonicNs();
  int64_t admitted_ns = 0;
  int64_t end_ns = 0;
};

// Rounded up, so that the shortest time is not none.
int64_t WholeMs(int64_t nanos) { return (nanos + kNanosPerMilli - 1) / kNanosPerMilli; }

// `timeout` and `lookback_delta`.
absl::Status ReadControl(const ApiParts& parts, const ApiParams& params,
                         exec::QueryControl* control) {
  const int64_t most_ms = parts.engine->options().timeout_ms;
  control->timeout_ms = most_ms;
  if (const std::string_view text = params.First("timeout"); !text.empty()) {
    const absl::StatusOr<int64_t> timeout_ns = ParseApiDuration(text);
    if (!timeout_ns.ok()) return AboutParameter("timeout", timeout_ns.status());
    if (*timeout_ns <= 0) return InvalidParameter("query", "context deadline exceeded");
    control->timeout_ms = std::min(most_ms, WholeMs(*timeout_ns));
  }
  if (const std::string_view text = params.First("lookback_delta"); !text.empty()) {
    const absl::StatusOr<int64_t> lookback_ns = ParseApiDuration(text);
    if (!lookback_ns.ok()) {
      return absl::InvalidArgumentError(fmt::format("error parsing lookback delta duration: {}",
                                                    MessageOf(lookback_ns.status())));
    }
    control->lookback_ms = std::max<int64_t>(0, *lookback_ns / kNanosPerMilli);
  }
  return absl::OkStatus();
}

absl::StatusOr<promql::ExprPtr> ParseQuery(const ApiParts& parts, std::string_view query) {
  absl::StatusOr<promql::ExprPtr> expr = promql::ParseExpr(query, parts.engine->options().language);
  if (!expr.ok()) return AboutParameter("query", expr.status());
  return expr;
}

void WriteSamples(const exec::QueryStatistics& statistics, bool per_step, JsonWriter* json) {
  const auto number = [json](std::string_view name, int64_t count) {
    json->Key(name);
    json->Int(count);
  };
  const std::vector<int64_t>& counts = statistics.step_samples;
  json->Key("samples");
  json->BeginObject();
  number("totalQueryableSamples", std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  number("samplesRead", statistics.samples_read);
  number("peakSamples", statistics.peak_samples);
  if (per_step) {
    json->Key("totalQueryableSamplesPerStep");
    json->BeginArray();
    for (size_t step = 0; step < counts.size(); ++step) {
      json->BeginArray();
      json->SampleTime(statistics.step_times_ms[step]);
      json->Int(counts[step]);
      json->EndArray();
    }
    json->EndArray();
  }
  json->EndObject();
}

std::string StatisticsJson(const Timings& timings, const exec::QueryStatistics& statistics,
                           bool per_step) {
  std::string text;
  JsonWriter json(&text);
  const auto seconds = [&json](std::string_view name, int64_t nanos) {
    json.Key(name);
    json.Number(static_cast<double>(nanos) / kNanosPerSecond);
  };
  json.BeginObject();
  json.Key("timings");
  json.BeginObject();
  seconds("evalTotalTime",
          statistics.preparation_ns + statistics.evaluation_ns + statistics.sorting_ns);
  seconds("resultSortTime", statistics.sorting_ns);
  seconds("queryPreparationTime", statistics.preparation_ns);
  seconds("innerEvalTime", statistics.evaluation_ns);
  seconds("execQueueTime", timings.admitted_ns - timings.begin_ns);
  seconds("execTotalTime", timings.end_ns - timings.begin_ns);
  json.EndObject();
  WriteSamples(statistics, per_step, &json);
  json.EndObject();
  return text;
}

void TellIfSlow(const ApiParts& parts, const HttpRequest& request, std::string_view query,
                const Timings& timings, const absl::Status& status) {
  const int64_t took_ns = timings.end_ns - timings.begin_ns;
  const int64_t slow_ms = parts.options.slow_query_ms;
  if (slow_ms == 0 || took_ns < slow_ms * kNanosPerMilli) return;
  Log(LogLevel::kWarning, "slow query",
      {{"query", query},
       {"path", request.path},
       {"tenant", request.Header("x-scope-orgid")},
       {"seconds", static_cast<double>(took_ns) / kNanosPerSecond},
       {"queued_seconds",
        static_cast<double>(timings.admitted_ns - timings.begin_ns) / kNanosPerSecond},
       {"error", MessageOf(status)}});
}

// Runs `evaluate` on the tenant's metrics when its turn has come, and makes the answer.
template <typename Evaluate>
absl::StatusOr<HttpResponse> Run(const ApiParts& parts, const HttpRequest& request,
                                 QueryOptions options, const Evaluate& evaluate) {
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(parts, request));
  const std::unique_ptr<storage::MetricSource> source = parts.storage->MetricSourceFor(tenant);
  options.control.cancelled = request.cancelled;
  options.control.count_samples = !options.statistics.empty();
  if (options.control.cancelled == nullptr) options.control.cancelled = &parts.gate->closed();
  Timings timings;
  absl::StatusOr<exec::QueryResult> result;
  {
    VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass,
                           EnterGate(parts, request, options.control.timeout_ms));
    timings.admitted_ns = MonotonicNs();
    result = evaluate(tenant, *source, options.control);
  }
  timings.end_ns = MonotonicNs();
  TellIfSlow(parts, request, options.query, timings, result.status());
  // The engine, too, may find a mistake in the query: a duration that is calculated.
  if (!result.ok()) return AboutParameter("query", result.status());
  ApiNotes notes{std::move(result->warnings), std::move(result->infos)};
  bool truncated = false;
  if (auto* vector = std::get_if<exec::VectorResult>(&result->value)) {
    truncated = Truncate(options.limit, vector);
  } else if (auto* matrix = std::get_if<exec::MatrixResult>(&result->value)) {
    truncated = Truncate(options.limit, matrix);
  }
  if (truncated) notes.warnings.emplace_back(kTruncatedWarning);
  std::string statistics;
  if (!options.statistics.empty()) {
    statistics = StatisticsJson(timings, result->statistics, options.statistics == "all");
  }
  return ResultResponse(*std::move(result), std::move(statistics), std::move(notes));
}

// The instants of a range query.
struct RangeSteps {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;
};

absl::StatusOr<RangeSteps> ReadSteps(const ApiParts& parts, const ApiParams& params) {
  RangeSteps steps;
  VIGIL_ASSIGN_OR_RETURN(steps.start_ms, TimeParameter(params, "start"));
  VIGIL_ASSIGN_OR_RETURN(steps.end_ms, TimeParameter(params, "end"));
  if (steps.end_ms < steps.start_ms) {
    return InvalidParameter("end", "end timestamp must not be before start time");
  }
  const absl::StatusOr<int64_t> step_ns = ParseApiDuration(params.First("step"));
  if (!step_ns.ok()) return AboutParameter("step", step_ns.status());
  if (*step_ns <= 0) {
    return InvalidParameter("step",
                            "zero or negative query resolution step widths are not accepted. Try "
                            "a positive integer");
  }
  // Compared as what they are: a step may be a fraction of a millisecond.
  const double points = (static_cast<double>(steps.end_ms) - static_cast<double>(steps.start_ms)) *
                        static_cast<double>(kNanosPerMilli) / static_cast<double>(*step_ns);
  if (points >= static_cast<double>(parts.engine->options().max_points + 1)) {
    return absl::InvalidArgumentError(
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
        "resolution (?step=XX)");
  }
  steps.step_ms = std::max<int64_t>(1, *step_ns / kNanosPerMilli);
  return steps;
}

absl::Status CheckRangeType(const promql::Expr& expr) {
  if (expr.type == ValueType::kScalar || expr.type == ValueType::kVector) return absl::OkStatus();
  return InvalidParameter(
      "query", fmt::format("invalid expression type \"{}\" for range query, must be Scalar or "
                           "instant Vector",
                           promql::ValueTypeName(expr.type)));
}

}  // namespace

absl::StatusOr<HttpResponse> InstantQuery(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  QueryOptions options;
  options.query = params.First("query");
  options.statistics = params.First("stats");
  VIGIL_ASSIGN_OR_RETURN(options.limit, LimitParameter(params));
  VIGIL_ASSIGN_OR_RETURN(const int64_t time_ms,
                         OptionalTimeParameter(params, "time", parts.clock->NowMs()));
  VIGIL_RETURN_IF_ERROR(ReadControl(parts, params, &options.control));
  VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr, ParseQuery(parts, options.query));
  const std::string query = options.query;
  return Run(
      parts, request, std::move(options),
      [&](storage::TenantId, storage::MetricSource& source, const exec::QueryControl& control) {
        return parts.engine->InstantExpr(source, *expr, query, time_ms, control);
      });
}

absl::StatusOr<HttpResponse> RangeQuery(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  QueryOptions options;
  options.query = params.First("query");
  options.statistics = params.First("stats");
  VIGIL_ASSIGN_OR_RETURN(options.limit, LimitParameter(params));
  VIGIL_ASSIGN_OR_RETURN(const RangeSteps steps, ReadSteps(parts, params));
  VIGIL_RETURN_IF_ERROR(ReadControl(parts, params, &options.control));
  VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr, ParseQuery(parts, options.query));
  VIGIL_RETURN_IF_ERROR(CheckRangeType(*expr));
  const std::string query = options.query;
  // Statistics are of a query that is really run. `nocache` is for those who measure.
  const bool anew = !options.statistics.empty() || params.First("nocache") == "1";
  return Run(parts, request, std::move(options),
             [&](storage::TenantId tenant, storage::MetricSource& source,
                 const exec::QueryControl& control) {
               return anew ? parts.engine->RangeExpr(source, *expr, query, steps.start_ms,
                                                     steps.end_ms, steps.step_ms, control)
                           : parts.ranges->RangeExpr(tenant, source, *expr, query, steps.start_ms,
                                                     steps.end_ms, steps.step_ms, control);
             });
}

}  // namespace vigil::server
