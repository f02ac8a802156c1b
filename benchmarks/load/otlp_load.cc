// SPDX-License-Identifier: Apache-2.0
//
// Sends OTLP metrics as fast as the server takes them. Requests are serialised once; before each
// send only times and values are written over, so the generator is never what is measured.
//
//   otlp_load --server HOST:PORT --series N --rounds N [--batch POINTS] [--connections N]
//             [--start-round N --base-ms MS] [--interval-ms MS] [--live]
//
// A round is one point of every series, an interval after the round before it. The rounds end about
// now; to go on where another run has ended, give both the same --base-ms, the instant of round 0,
// and the second run the first's rounds as --start-round. Whoever is told to come back does so
// after a moment. With --live the rounds begin now instead, and each request waits for its time
// within the interval: a steady load of N series per interval. Prints one line of JSON: points,
// seconds, requests, refused, retries, base_ms.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"

namespace vigil {
namespace {

namespace metrics = opentelemetry::proto::metrics::v1;
using Request = opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
using Response = opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceResponse;

constexpr const char* kMethod = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
// Stand where times and values go, and nowhere else.
constexpr uint64_t kTimeMarker = 0xF1E2D3C4B5A69788;
constexpr uint64_t kValueMarker = 0xF8E7D6C5B4A39281;
constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr auto kPause = std::chrono::milliseconds(50);
// A server that never takes anything is not waited for without end: ten minutes of pauses.
constexpr int64_t kMostRetries = 12'000;

struct Options {
  std::string server = "127.0.0.1:4317";
  int64_t series = 10'000;
  int64_t rounds = 100;
  int64_t batch = 10'000;
  int connections = 2;
  int64_t start_round = 0;
  int64_t interval_ms = 1000;
  int64_t base_ms = 0;  // 0: such that the rounds end now.
  bool live = false;
};

void SetText(const char* key, std::string value,
             google::protobuf::RepeatedPtrField<opentelemetry::proto::common::v1::KeyValue>* to) {
  auto* const attribute = to->Add();
  attribute->set_key(key);
  attribute->mutable_value()->set_string_value(std::move(value));
}

// A serialised request and where to write over it.
class Template {
 public:
  Template(int64_t first_series, int64_t points) : points_(points) {
    bytes_ = MakeRequest(first_series, points).SerializeAsString();
    for (size_t i = 0; i + sizeof(uint64_t) <= bytes_.size(); ++i) {
      uint64_t word;
      std::memcpy(&word, bytes_.data() + i, sizeof(word));
      if (word == kTimeMarker) times_.push_back(i);
      if (word == kValueMarker) values_.push_back(i);
    }
  }

  int64_t points() const { return points_; }

  // The request of a round. Values rise unevenly, as counters do.
  const std::string& At(int64_t time_ns, int64_t round) {
    for (const size_t at : times_) std::memcpy(bytes_.data() + at, &time_ns, sizeof(time_ns));
    for (size_t i = 0; i < values_.size(); ++i) {
      const auto value = static_cast<double>(round * 7 + static_cast<int64_t>(i * i % 13));
      std::memcpy(bytes_.data() + values_[i], &value, sizeof(value));
    }
    return bytes_;
  }

 private:
  static Request MakeRequest(int64_t first, int64_t points) {
    Request request;
    metrics::ResourceMetrics* const resource = request.add_resource_metrics();
    auto* const attributes = resource->mutable_resource()->mutable_attributes();
    SetText("service.name", fmt::format("service-{}", first), attributes);
    SetText("service.instance.id", fmt::format("instance-{}", first), attributes);
    metrics::ScopeMetrics* const scope = resource->add_scope_metrics();
    // A metric has a hundred series.
    metrics::Sum* sum = nullptr;
    for (int64_t i = 0; i < points; ++i) {
      if (i % 100 == 0) {
        metrics::Metric* const metric = scope->add_metrics();
        metric->set_name(fmt::format("llm_load_{}_total", i / 100));
        sum = metric->mutable_sum();
        sum->set_aggregation_temporality(metrics::AGGREGATION_TEMPORALITY_CUMULATIVE);
        sum->set_is_monotonic(true);
      }
      metrics::NumberDataPoint* const point = sum->add_data_points();
      point->set_start_time_unix_nano(1);
      point->set_time_unix_nano(kTimeMarker);
      double marker;
      std::memcpy(&marker, &kValueMarker, sizeof(marker));
      point->set_as_double(marker);
      SetText("model", fmt::format("model-{}", i % 10), point->mutable_attributes());
      SetText("endpoint", fmt::format("/v1/endpoint-{}", i / 10 % 10), point->mutable_attributes());
      SetText("status", i % 2 == 0 ? "ok" : "error", point->mutable_attributes());
      SetText("region", "eu-central-1", point->mutable_attributes());
    }
    return request;
  }

  const int64_t points_;
  std::string bytes_;
  std::vector<size_t> times_;
  std::vector<size_t> values_;
};

struct Totals {
  std::atomic<int64_t> points{0};
  std::atomic<int64_t> requests{0};
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> retries{0};
};

grpc::Status Call(grpc::GenericStub& stub, const std::string& bytes, grpc::ByteBuffer* answer) {
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::Slice slice(bytes.data(), bytes.size(), grpc::Slice::STATIC_SLICE);
  const auto call = stub.PrepareUnaryCall(&context, kMethod, grpc::ByteBuffer(&slice, 1), &queue);
  grpc::Status status;
  call->StartCall();
  call->Finish(answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status;
}

bool IsToBeRepeated(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         status.error_code() == grpc::StatusCode::UNAVAILABLE;
}

// One request, until it is taken or refused for good.
void Deliver(grpc::GenericStub& stub, const std::string& bytes, int64_t points, Totals* totals) {
  grpc::ByteBuffer answer;
  grpc::Status status = Call(stub, bytes, &answer);
  while (IsToBeRepeated(status) && totals->retries.fetch_add(1) < kMostRetries) {
    std::this_thread::sleep_for(kPause);
    status = Call(stub, bytes, &answer);
  }
  totals->requests.fetch_add(1);
  if (status.ok() && answer.Length() == 0) {
    totals->points.fetch_add(points);
  } else if (totals->refused.fetch_add(1) < 3) {
    fmt::print(stderr, "refused: {}\n", status.ok() ? "partly" : status.error_message());
  }
}

void SleepUntil(int64_t time_ns) {
  const int64_t wait_ns = time_ns - SystemClock().NowNs();
  if (wait_ns > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(wait_ns));
}

// Sends every `options.connections`-th template, from `first` on, in all rounds.
void Send(const Options& options, int first, std::vector<Template>* templates, Totals* totals) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("connection", first);  // Channels that differ do not share a connection.
  grpc::GenericStub stub(
      grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(), arguments));
  const int64_t end = options.start_round + options.rounds;
  for (int64_t round = options.start_round; round < end; ++round) {
    const int64_t time_ns = (options.base_ms + round * options.interval_ms) * kNanosPerMilli;
    for (size_t i = first; i < templates->size(); i += options.connections) {
      if (options.live) {
        const auto into_ms =
            static_cast<int64_t>(i) * options.interval_ms / static_cast<int64_t>(templates->size());
        SleepUntil(time_ns + into_ms * kNanosPerMilli);
      }
      Template& one = (*templates)[i];
      Deliver(stub, one.At(time_ns, round), one.points(), totals);
    }
  }
}

int Run(Options options) {
  std::vector<Template> templates;
  for (int64_t first = 0; first < options.series; first += options.batch) {
    templates.emplace_back(first, std::min(options.batch, options.series - first));
  }
  Totals totals;
  if (options.live) {
    options.base_ms = SystemClock().NowMs() - options.start_round * options.interval_ms;
  } else if (options.base_ms == 0) {
    // So that the last is not in the future.
    const int64_t end = options.start_round + options.rounds;
    options.base_ms = SystemClock().NowMs() - end * options.interval_ms;
  }
  const int64_t begin_ns = MonotonicNs();
  std::vector<std::thread> threads;
  for (int i = 0; i < options.connections; ++i) {
    threads.emplace_back([&, i] { Send(options, i, &templates, &totals); });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = static_cast<double>(MonotonicNs() - begin_ns) / 1e9;
  fmt::print(
      R"({{"points":{},"seconds":{:.3f},"requests":{},"refused":{},"retries":{},"base_ms":{}}})"
      "\n",
      totals.points.load(), seconds, totals.requests.load(), totals.refused.load(),
      totals.retries.load(), options.base_ms);
  return totals.refused.load() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace vigil

int main(int argc, char** argv) {
  vigil::Options options;
  CLI::App program("Sends OTLP metrics as fast as the server takes them.");
  program.add_option("--server", options.server, "HOST:PORT")->capture_default_str();
  program.add_option("--series", options.series, "Active series")->capture_default_str();
  program.add_option("--rounds", options.rounds, "Points of each series")->capture_default_str();
  program.add_option("--batch", options.batch, "Points of a request")->capture_default_str();
  program.add_option("--connections", options.connections, "Senders")->capture_default_str();
  program.add_option("--start-round", options.start_round, "The first round's number")
      ->capture_default_str();
  program.add_option("--interval-ms", options.interval_ms, "Between rounds")->capture_default_str();
  program.add_option("--base-ms", options.base_ms,
                     "Unix time of round 0 (default: so that the last round is now)");
  program.add_flag("--live", options.live, "Rounds begin now, each request waits for its time");
  CLI11_PARSE(program, argc, argv);
  return vigil::Run(options);
}
