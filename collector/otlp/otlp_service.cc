// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/otlp_service.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h>

#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "collector/otlp/logs_receiver.h"
#include "collector/otlp/metrics_receiver.h"
#include "collector/otlp/otlp_export.h"
#include "collector/otlp/traces_receiver.h"
#include "collector/otlp/wire_pieces.h"

namespace vigil::collector {
namespace {

namespace otlp = opentelemetry::proto::collector;

constexpr const char* kTenantHeader = "x-scope-orgid";

// The request's bytes in the slices that gRPC has received them in.
class RequestSlices {
 public:
  explicit RequestSlices(const grpc::ByteBuffer& buffer) {
    ok_ = buffer.Dump(&slices_).ok();
    pieces_.reserve(slices_.size());
    for (const grpc::Slice& slice : slices_) {
      pieces_.emplace_back(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  bool ok() const { return ok_; }
  BytePieces pieces() const { return pieces_; }

 private:
  std::vector<grpc::Slice> slices_;  // Count references; the bytes are shared.
  std::vector<std::string_view> pieces_;
  bool ok_ = false;
};

// The request in one piece, valid until the thread asks for another one.
std::string_view InOnePiece(BytePieces request) {
  // Memory that a thread keeps for the next request: one is handled by a thread at a time.
  constexpr size_t kMaxKeptBytes = 8 << 20;
  thread_local std::string joined;
  if (request.size() == 1) return request.front();
  if (joined.capacity() > kMaxKeptBytes) joined = std::string();
  joined.clear();
  for (const std::string_view piece : request) joined += piece;
  return joined;
}

std::string MetricsResponse(const ExportOutcome& outcome) {
  otlp::metrics::v1::ExportMetricsServiceResponse response;
  if (outcome.rejected != 0 || !outcome.message.empty()) {
    response.mutable_partial_success()->set_rejected_data_points(outcome.rejected);
    response.mutable_partial_success()->set_error_message(outcome.message);
  }
  return response.SerializeAsString();
}

std::string LogsResponse(const ExportOutcome& outcome) {
  otlp::logs::v1::ExportLogsServiceResponse response;
  if (outcome.rejected != 0 || !outcome.message.empty()) {
    response.mutable_partial_success()->set_rejected_log_records(outcome.rejected);
    response.mutable_partial_success()->set_error_message(outcome.message);
  }
  return response.SerializeAsString();
}

std::string TracesResponse(const ExportOutcome& outcome) {
  otlp::trace::v1::ExportTraceServiceResponse response;
  if (outcome.rejected != 0 || !outcome.message.empty()) {
    response.mutable_partial_success()->set_rejected_spans(outcome.rejected);
    response.mutable_partial_success()->set_error_message(outcome.message);
  }
  return response.SerializeAsString();
}

// What the three services share.
struct Backend {
  storage::Storage& storage;
  Admission& admission;
  ThreadPool& workers;
};

using Export = std::function<absl::StatusOr<ExportOutcome>(storage::TenantId, BytePieces)>;
// The bytes of the response.
using Respond = std::string (*)(const ExportOutcome&);

// Decodes and stores one request, on a worker thread.
grpc::Status Handle(Backend& backend, const Export& exporter, Respond respond,
                    const std::string& tenant_name, const grpc::ByteBuffer& request,
                    grpc::ByteBuffer* response) {
  const int64_t retry_after_ms = backend.admission.options().retry_after_ms;
  const absl::StatusOr<storage::TenantId> tenant = backend.storage.Tenant(tenant_name);
  if (!tenant.ok()) return ToWriteStatus(tenant.status(), retry_after_ms);
  const RequestSlices slices(request);
  if (!slices.ok()) return {grpc::StatusCode::INTERNAL, "the request's bytes cannot be read"};
  const absl::StatusOr<ExportOutcome> outcome = exporter(*tenant, slices.pieces());
  if (!outcome.ok()) return ToWriteStatus(outcome.status(), retry_after_ms);
  const grpc::Slice slice(respond(*outcome));
  *response = {&slice, 1};
  return grpc::Status::OK;
}

std::string TenantOf(const grpc::CallbackServerContext& context) {
  const auto header = context.client_metadata().find(kTenantHeader);
  if (header == context.client_metadata().end()) return "";
  return {header->second.data(), header->second.size()};
}

// Answers a call, now with a refusal or later from a worker.
grpc::ServerUnaryReactor* Serve(Backend& backend, const Export& exporter, Respond respond,
                                grpc::CallbackServerContext* context,
                                const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const AdmissionOptions& options = backend.admission.options();
  if (request->Length() > options.max_request_bytes) {
    reactor->Finish(TooLarge(request->Length(), options.max_request_bytes));
    return reactor;
  }
  auto ticket = std::make_shared<Admission::Ticket>(backend.admission.Admit(request->Length()));
  if (!ticket->admitted()) {
    reactor->Finish(ToWriteStatus(backend.admission.Refusal(), options.retry_after_ms));
    return reactor;
  }
  const auto work = [&backend, &exporter, respond, tenant = TenantOf(*context), request, response,
                     reactor, ticket] {
    reactor->Finish(Handle(backend, exporter, respond, tenant, *request, response));
  };
  backend.admission.WhenRoom([&backend, reactor, work](bool room) {
    const int64_t retry_after_ms = backend.admission.options().retry_after_ms;
    if (!room) {
      reactor->Finish(ToWriteStatus(backend.admission.Refusal(), retry_after_ms));
    } else if (!backend.workers.TrySubmit(work)) {
      reactor->Finish(RetryLater("too many requests are waiting: try again later", retry_after_ms));
    }
  });
  return reactor;
}

// A service whose Export takes and gives raw bytes.
template <typename RawService, Respond kRespond>
class OtlpService final : public RawService {
 public:
  OtlpService(Backend* backend, Export exporter)
      : backend_(*backend), exporter_(std::move(exporter)) {}

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return Serve(backend_, exporter_, kRespond, context, request, response);
  }

 private:
  Backend& backend_;
  const collector::Export exporter_;
};

using MetricsService = OtlpService<otlp::metrics::v1::MetricsService::WithRawCallbackMethod_Export<
                                       otlp::metrics::v1::MetricsService::Service>,
                                   MetricsResponse>;
using LogsService = OtlpService<
    otlp::logs::v1::LogsService::WithRawCallbackMethod_Export<otlp::logs::v1::LogsService::Service>,
    LogsResponse>;
using TraceService = OtlpService<otlp::trace::v1::TraceService::WithRawCallbackMethod_Export<
                                     otlp::trace::v1::TraceService::Service>,
                                 TracesResponse>;

// Metrics are read where they lie; the messages of the others are parsed whole.
Export ExportTo(MetricsReceiver* receiver) {
  return [receiver](storage::TenantId tenant, BytePieces request) {
    return receiver->Export(tenant, request);
  };
}

template <typename Receiver>
Export ExportTo(Receiver* receiver) {
  return [receiver](storage::TenantId tenant, BytePieces request) {
    return receiver->Export(tenant, InOnePiece(request));
  };
}

}  // namespace

struct OtlpServices::Parts {
  Parts(storage::Storage* storage, const OtlpOptions& options, const Clock* clock,
        Admission* admission, ThreadPool* workers)
      : backend{*storage, *admission, *workers},
        metrics_receiver(storage, options),
        logs_receiver(storage, clock),
        traces_receiver(storage),
        metrics(&backend, ExportTo(&metrics_receiver)),
        logs(&backend, ExportTo(&logs_receiver)),
        traces(&backend, ExportTo(&traces_receiver)) {}

  Backend backend;
  MetricsReceiver metrics_receiver;
  LogsReceiver logs_receiver;
  TracesReceiver traces_receiver;
  MetricsService metrics;
  LogsService logs;
  TraceService traces;
};

OtlpServices::OtlpServices(storage::Storage* storage, const OtlpOptions& options,
                           const Clock* clock, Admission* admission, ThreadPool* workers)
    : parts_(std::make_unique<Parts>(storage, options, clock, admission, workers)) {}

OtlpServices::~OtlpServices() = default;

absl::StatusOr<std::string> OtlpServices::Export(OtlpSignal signal, const std::string& tenant_name,
                                                 std::string_view request) {
  Parts& parts = *parts_;
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, parts.backend.storage.Tenant(tenant_name));
  Admission& admission = parts.backend.admission;
  const Admission::Ticket ticket = admission.Admit(request.size());
  if (!ticket.admitted() || admission.memory_short()) return admission.Refusal();
  switch (signal) {
    case OtlpSignal::kMetrics: {
      VIGIL_ASSIGN_OR_RETURN(const ExportOutcome outcome,
                             parts.metrics_receiver.Export(tenant, request));
      return MetricsResponse(outcome);
    }
    case OtlpSignal::kLogs: {
      VIGIL_ASSIGN_OR_RETURN(const ExportOutcome outcome,
                             parts.logs_receiver.Export(tenant, request));
      return LogsResponse(outcome);
    }
    case OtlpSignal::kTraces: {
      VIGIL_ASSIGN_OR_RETURN(const ExportOutcome outcome,
                             parts.traces_receiver.Export(tenant, request));
      return TracesResponse(outcome);
    }
  }
  return absl::InternalError("BUG: a signal that does not exist");
}

std::vector<grpc::Service*> OtlpServices::services() const {
  return {&parts_->metrics, &parts_->logs, &parts_->traces};
}

}  // namespace vigil::collector
