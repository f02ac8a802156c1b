// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "benchmarks/load/sender.h"

namespace vigil::load {
namespace {

constexpr const char* kMethod = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

std::shared_ptr<grpc::Channel> Connect(const std::string& server, int number) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("connection", number);  // Channels that differ do not share a connection.
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

class GrpcSender final : public Sender {
 public:
  GrpcSender(const std::string& server, int number) : stub_(Connect(server, number)) {}

  Answer Send(std::string_view body) override {
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice slice(body.data(), body.size(), grpc::Slice::STATIC_SLICE);
    const auto call =
        stub_.PrepareUnaryCall(&context, kMethod, grpc::ByteBuffer(&slice, 1), &queue);
    grpc::ByteBuffer response;
    grpc::Status status;
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
        status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      return {Outcome::kLater, status.error_message()};
    }
    if (!status.ok()) return {Outcome::kRefused, status.error_message()};
    if (response.Length() != 0) return {Outcome::kRefused, "partly"};
    return {Outcome::kTaken, ""};
  }

 private:
  grpc::GenericStub stub_;
};

}  // namespace

std::unique_ptr<Sender> MakeGrpcSender(const std::string& server, int number) {
  return std::make_unique<GrpcSender>(server, number);
}

}  // namespace vigil::load
