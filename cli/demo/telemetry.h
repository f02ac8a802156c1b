// SPDX-License-Identifier: Apache-2.0
//
// What the demo's gateway reports of its requests, as OTLP messages: cumulative metrics, a span and
// a JSON log line for each request, tied together by trace id.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <opentelemetry/proto/collector/logs/v1/logs_service.pb.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb.h>

#include "cli/demo/workload.h"

namespace vigil::cli {

// Not thread-safe.
class DemoTelemetry {
 public:
  DemoTelemetry(uint64_t seed, int64_t start_ns) : random_(seed), start_ns_(start_ns) {}

  // Counts the requests and adds a span and a log record for each.
  void Record(const std::vector<DemoRequest>& requests);

  // The metrics as of `now_ns`.
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest Metrics(
      int64_t now_ns) const;
  // The logs and spans recorded since the last call.
  opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest TakeLogs();
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest TakeSpans();

 private:
  static constexpr std::array<double, 12> kBounds = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1,
                                                     0.25,  0.5,  0.75,  1,    2.5,   5};
  struct Duration {
    std::array<uint64_t, kBounds.size() + 1> buckets = {};
    uint64_t count = 0;
    double sum = 0;
  };
  // Label values in the order of each metric's labels.
  using Key = std::vector<std::string>;

  void AddSpan(const DemoRequest& request, const std::string& trace_id, const std::string& span_id);
  void AddLog(const DemoRequest& request, const std::string& trace_id, const std::string& span_id);
  std::string RandomId(size_t bytes);

  std::mt19937_64 random_;
  const int64_t start_ns_;
  std::map<Key, int64_t> requests_;    // model, status, endpoint
  std::map<Key, Duration> durations_;  // model, endpoint
  std::map<Key, int64_t> tokens_;      // model, type
  std::map<Key, double> cost_usd_;     // model
  opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest logs_;
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest spans_;
};

}  // namespace vigil::cli
