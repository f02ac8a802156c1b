// SPDX-License-Identifier: Apache-2.0
//
// `vigil demo`: sends the telemetry of a synthetic LLM gateway over OTLP/gRPC, some history first,
// then live.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/demo/telemetry.h"
#include "cli/demo/workload.h"

namespace vigil::cli {
namespace {

namespace otlp = opentelemetry::proto::collector;

constexpr int64_t kStepMs = 5000;
// A server that has just been started may need a moment.
constexpr int kConnectSeconds = 60;

struct DemoOptions {
  ClientOptions client;
  std::string history = "30m";
  uint64_t seed = 1;
  double duration_s = 0;
};

volatile std::sig_atomic_t g_stop = 0;

// Sends what the telemetry holds.
class Sender {
 public:
  Sender(const Client& client)
      : client_(client),
        metrics_(otlp::metrics::v1::MetricsService::NewStub(client.channel())),
        logs_(otlp::logs::v1::LogsService::NewStub(client.channel())),
        traces_(otlp::trace::v1::TraceService::NewStub(client.channel())) {}

  grpc::Status Send(DemoTelemetry* telemetry, int64_t now_ns) {
    if (grpc::Status status = Export(*metrics_, telemetry->Metrics(now_ns)); !status.ok()) {
      return status;
    }
    if (grpc::Status status = Export(*traces_, telemetry->TakeSpans()); !status.ok()) return status;
    return Export(*logs_, telemetry->TakeLogs());
  }

 private:
  grpc::Status Export(otlp::metrics::v1::MetricsService::Stub& stub,
                      const otlp::metrics::v1::ExportMetricsServiceRequest& request) {
    otlp::metrics::v1::ExportMetricsServiceResponse response;
    return Call(stub, request, &response);
  }
  grpc::Status Export(otlp::trace::v1::TraceService::Stub& stub,
                      const otlp::trace::v1::ExportTraceServiceRequest& request) {
    otlp::trace::v1::ExportTraceServiceResponse response;
    return Call(stub, request, &response);
  }
  grpc::Status Export(otlp::logs::v1::LogsService::Stub& stub,
                      const otlp::logs::v1::ExportLogsServiceRequest& request) {
    otlp::logs::v1::ExportLogsServiceResponse response;
    return Call(stub, request, &response);
  }

  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(Stub& stub, const Request& request, Response* response) {
    grpc::ClientContext context;
    client_.Prepare(&context);
    return stub.Export(&context, request, response);
  }

  const Client& client_;
  const std::unique_ptr<otlp::metrics::v1::MetricsService::Stub> metrics_;
  const std::unique_ptr<otlp::logs::v1::LogsService::Stub> logs_;
  const std::unique_ptr<otlp::trace::v1::TraceService::Stub> traces_;
};

int Run(const DemoOptions& options) {
  const absl::StatusOr<int64_t> history_ms = ParseDurationMs(options.history);
  if (!history_ms.ok()) {
    return UsageError(fmt::format("--history: {}", MessageOf(history_ms.status())));
  }
  std::signal(SIGINT, [](int) { g_stop = 1; });
  std::signal(SIGTERM, [](int) { g_stop = 1; });
  const Client client(options.client);
  client.channel()->WaitForConnected(std::chrono::system_clock::now() +
                                     std::chrono::seconds(kConnectSeconds));
  const SystemClock clock;
  const int64_t begin_ms = clock.NowMs();
  int64_t at_ms = begin_ms - *history_ms;
  DemoWorkload workload(options.seed);
  DemoTelemetry telemetry(options.seed + 1, at_ms * kNanosPerMilli);
  Sender sender(client);
  int64_t requests = 0;
  while (g_stop == 0) {
    const int64_t now_ms = clock.NowMs();
    if (options.duration_s > 0 && now_ms - begin_ms > options.duration_s * kMillisPerSecond) break;
    if (at_ms + kStepMs > now_ms) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    const std::vector<DemoRequest> step = workload.Step(at_ms, at_ms + kStepMs);
    at_ms += kStepMs;
    requests += static_cast<int64_t>(step.size());
    telemetry.Record(step);
    const grpc::Status status = sender.Send(&telemetry, at_ms * kNanosPerMilli);
    if (!status.ok()) return client.Finish(status);
  }
  fmt::print(stderr, "sent {} requests\n", requests);
  return kExitOk;
}

}  // namespace

void AddDemo(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* const command = program->add_subcommand(
      "demo", "Send the telemetry of a synthetic LLM gateway to a server, until stopped");
  command->add_option("--history", options->history, "How much of the past to send first")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed gives the same requests")
      ->capture_default_str();
  command->add_option("--duration", options->duration_s, "Seconds to run (default: until stopped)")
      ->check(CLI::PositiveNumber);
  options->client.AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil demo --history 30m");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
