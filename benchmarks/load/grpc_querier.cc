// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <fmt/format.h>

#include "benchmarks/load/querier.h"
#include "proto/vigil/v1/query.pb.h"

namespace vigil::load {
namespace {

constexpr const char* kMethod = "/vigil.v1.QueryService/QueryRange";

std::shared_ptr<grpc::Channel> Connect(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

class GrpcQuerier final : public Querier {
 public:
  explicit GrpcQuerier(const std::string& server) : stub_(Connect(server)) {}

  std::string Ask(const std::string& query, const QueryRange& range, std::string* answer) override {
    v1::QueryRangeRequest request;
    request.set_query(query);
    request.set_start_ms(range.start_ms);
    request.set_end_ms(range.end_ms);
    request.set_step_ms(range.step_ms);
    const grpc::Slice body(request.SerializeAsString());
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const auto call = stub_.PrepareUnaryCall(&context, kMethod, grpc::ByteBuffer(&body, 1), &queue);
    grpc::ByteBuffer response;
    grpc::Status status;
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (!status.ok()) {
      return fmt::format("{}: {}", static_cast<int>(status.error_code()), status.error_message());
    }
    std::vector<grpc::Slice> slices;
    if (!response.Dump(&slices).ok()) return "the answer cannot be read";
    for (const grpc::Slice& slice : slices) {
      answer->append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return "";
  }

  AnswerSize SizeOf(const std::string& answer) const override {
    AnswerSize size;
    v1::QueryResponse response;
    if (!response.ParseFromString(answer)) return size;
    for (const v1::MatrixSeries& series : response.matrix().series()) {
      ++size.series;
      size.points += series.times_ms_size() + series.histogram_times_ms_size();
    }
    return size;
  }

 private:
  grpc::GenericStub stub_;
};

}  // namespace

std::unique_ptr<Querier> MakeGrpcQuerier(const std::string& server) {
  return std::make_unique<GrpcQuerier>(server);
}

}  // namespace vigil::load
