// SPDX-License-Identifier: Apache-2.0
#include "cli/query_call.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "cli/explain_output.h"
#include "cli/interrupt.h"
#include "cli/query_output.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

// Points across a range when no step is given and no chart says how many it can show.
constexpr int64_t kDefaultPoints = 200;
constexpr int kDefaultPlotWidth = 80;

int PlotWidth(const Terminal& terminal) {
  return terminal.width > 0 ? terminal.width : kDefaultPlotWidth;
}

absl::StatusOr<v1::QueryRangeRequest> RangeRequest(const QueryCall& call, const Terminal& terminal,
                                                   int64_t now_ms) {
  VIGIL_ASSIGN_OR_RETURN(const TimeRange range, call.range.Resolve(now_ms, kMillisPerHour));
  v1::QueryRangeRequest request;
  request.set_query(call.query);
  request.set_explain(call.explain);
  request.set_start_ms(range.start_ms);
  request.set_end_ms(range.end_ms);
  const int64_t points = call.plot ? PlotPoints(PlotWidth(terminal)) : kDefaultPoints;
  int64_t step_ms = std::max((range.end_ms - range.start_ms) / points, kMillisPerSecond);
  if (!call.step.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(step_ms, ParseDurationMs(call.step), "--step");
    if (step_ms <= 0) return absl::InvalidArgumentError("--step must be more than 0");
  }
  request.set_step_ms(step_ms);
  return request;
}

PlotOptions PlotOptionsFor(const v1::QueryRangeRequest& request, const Terminal& terminal) {
  PlotOptions options;
  options.width = PlotWidth(terminal);
  // A line is left for what comes after.
  options.height = terminal.height - 1;
  options.color = terminal.color;
  options.unicode = terminal.unicode;
  options.start_ms = request.start_ms();
  options.end_ms = request.end_ms();
  options.step_ms = request.step_ms();
  return options;
}

PlotUnit UnitOf(const QueryCall& call, const v1::QueryResponse& response) {
  if (call.unit == "bytes") return PlotUnit::kBytes;
  if (call.unit == "seconds") return PlotUnit::kSeconds;
  if (call.unit == "percent") return PlotUnit::kPercent;
  return call.unit == "auto" ? GuessUnit(response, call.query) : PlotUnit::kNone;
}

std::string Notes(const v1::QueryResponse& response) {
  std::string notes;
  for (const std::string& warning : response.warnings()) notes += Printable(warning) + "\n";
  for (const std::string& info : response.infos()) notes += Printable(info) + "\n";
  return notes;
}

Reply AskRange(const QueryCall& call, v1::QueryService::Stub& stub, const Client& client,
               const Terminal& terminal) {
  const absl::StatusOr<v1::QueryRangeRequest> request =
      RangeRequest(call, terminal, SystemClock().NowMs());
  if (!request.ok()) return Refusal(kExitUsage, MessageOf(request.status()));
  v1::QueryResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const CancelOnInterrupt guard(&context);
  const grpc::Status status = stub.QueryRange(&context, *request, &response);
  if (!status.ok()) return client.Refuse(status, call.query);
  Answer answer = call.explain ? AnswerOf(response.explanation()) : AnswerOf(response);
  if (call.plot && !call.explain) {
    PlotOptions options = PlotOptionsFor(*request, terminal);
    options.unit = UnitOf(call, response);
    answer.text = [&](const Terminal&) { return PlotResult(response, call.query, options); };
  }
  Reply reply = client.Show(answer, terminal);
  reply.err = Notes(response);
  return reply;
}

Reply AskInstant(const QueryCall& call, v1::QueryService::Stub& stub, const Client& client,
                 const Terminal& terminal) {
  v1::QueryRequest request;
  request.set_query(call.query);
  request.set_explain(call.explain);
  const int64_t now_ms = SystemClock().NowMs();
  const absl::StatusOr<int64_t> time_ms =
      call.time.empty() ? now_ms : ParseInstantMs(call.time, now_ms);
  if (!time_ms.ok()) {
    return Refusal(kExitUsage, fmt::format("--time: {}", MessageOf(time_ms.status())));
  }
  request.set_time_ms(*time_ms);
  v1::QueryResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const CancelOnInterrupt guard(&context);
  const grpc::Status status = stub.Query(&context, request, &response);
  if (!status.ok()) return client.Refuse(status, call.query);
  const Answer answer = call.explain ? AnswerOf(response.explanation()) : AnswerOf(response);
  Reply reply = client.Show(answer, terminal);
  reply.err = Notes(response);
  return reply;
}

}  // namespace

Reply AskQuery(const QueryCall& call, const Client& client, const Terminal& terminal) {
  const std::unique_ptr<v1::QueryService::Stub> stub = v1::QueryService::NewStub(client.channel());
  return call.is_range() ? AskRange(call, *stub, client, terminal)
                         : AskInstant(call, *stub, client, terminal);
}

}  // namespace vigil::cli
