// SPDX-License-Identifier: Apache-2.0
//
// A gRPC server that receives OTLP metrics as raw bytes and does nothing with them: what transport
// alone costs, to measure vigil against.
//
//   null_server        (prints its port, runs until killed)
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h>

namespace {

using opentelemetry::proto::collector::metrics::v1::MetricsService;

class NullService final
    : public MetricsService::WithRawCallbackMethod_Export<MetricsService::Service> {
 public:
  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                                   grpc::ByteBuffer* response) override {
    const grpc::Slice empty("", 0);
    *response = grpc::ByteBuffer(&empty, 1);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main() {
  NullService service;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(64 << 20);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  fmt::print("{}\n", port);
  std::fflush(stdout);
  server->Wait();
}
