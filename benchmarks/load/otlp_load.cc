// SPDX-License-Identifier: Apache-2.0
//
// Sends OTLP metrics as fast as the server takes them. Requests are serialised once; before each
// send only times and values are written over, so the generator is never what is measured.
//
//   otlp_load --server HOST:PORT --series N --rounds N [--batch POINTS] [--connections N]
//
// A round is one point of every series, a second after the round before it. Prints one line of
// JSON: points, seconds, requests, refused.
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

struct Options {
  std::string server = "127.0.0.1:4317";
  int64_t series = 10'000;
  int64_t rounds = 100;
  int64_t batch = 10'000;
  int connections = 2;
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

// Sends every `options.connections`-th template, from `first` on, in all rounds.
void Send(const Options& options, int first, std::vector<Template>* templates, int64_t start_ns,
          Totals* totals) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("connection", first);  // Channels that differ do not share a connection.
  grpc::GenericStub stub(
      grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(), arguments));
  for (int64_t round = 0; round < options.rounds; ++round) {
    const int64_t time_ns = start_ns + round * 1'000'000'000;
    for (size_t i = first; i < templates->size(); i += options.connections) {
      Template& one = (*templates)[i];
      grpc::ByteBuffer answer;
      const grpc::Status status = Call(stub, one.At(time_ns, round), &answer);
      totals->requests.fetch_add(1);
      if (status.ok() && answer.Length() == 0) {
        totals->points.fetch_add(one.points());
      } else {
        totals->refused.fetch_add(1);
        if (totals->refused.load() <= 3) {
          fmt::print(stderr, "refused: {}\n", status.ok() ? "partly" : status.error_message());
        }
      }
    }
  }
}

int Run(const Options& options) {
  std::vector<Template> templates;
  for (int64_t first = 0; first < options.series; first += options.batch) {
    templates.emplace_back(first, std::min(options.batch, options.series - first));
  }
  Totals totals;
  // The rounds end about now, so that the last is not in the future.
  const int64_t start_ns = SystemClock().NowNs() - options.rounds * 1'000'000'000;
  const int64_t begin_ns = MonotonicNs();
  std::vector<std::thread> threads;
  for (int i = 0; i < options.connections; ++i) {
    threads.emplace_back([&, i] { Send(options, i, &templates, start_ns, &totals); });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = static_cast<double>(MonotonicNs() - begin_ns) / 1e9;
  fmt::print(R"({{"points":{},"seconds":{:.3f},"requests":{},"refused":{}}})"
             "\n",
             totals.points.load(), seconds, totals.requests.load(), totals.refused.load());
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
  CLI11_PARSE(program, argc, argv);
  return vigil::Run(options);
}
