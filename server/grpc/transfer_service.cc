// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/transfer_service.h"

#include <grpcpp/grpcpp.h>

#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/transfer.grpc.pb.h"
#include "server/grpc/call.h"
#include "server/grpc/export_stream.h"
#include "server/grpc/import_stream.h"

namespace vigil::server {
namespace {

using collector::ToGrpcStatus;

class TransferService final : public v1::TransferService::Service {
 public:
  TransferService(storage::Storage* storage, collector::Admission* admission)
      : storage_(*storage), admission_(*admission) {}

  grpc::Status ExportMetrics(grpc::ServerContext* context, const v1::ExportMetricsRequest* request,
                             grpc::ServerWriter<v1::ExportMetricsResponse>* writer) override {
    const absl::StatusOr<storage::TenantId> tenant = TenantOf(*context, storage_);
    if (!tenant.ok()) return ToGrpcStatus(tenant.status());
    return ToGrpcStatus(StreamExport(storage_, *tenant, *request, context, writer));
  }

  grpc::Status ImportMetrics(grpc::ServerContext* context,
                             grpc::ServerReaderWriter<v1::ImportMetricsResponse,
                                                      v1::ImportMetricsRequest>* stream) override {
    const absl::StatusOr<storage::TenantId> tenant = TenantOf(*context, storage_);
    if (!tenant.ok()) return ToGrpcStatus(tenant.status());
    return TakeImport(storage_, admission_, *tenant, context, stream);
  }

 private:
  storage::Storage& storage_;
  collector::Admission& admission_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeTransferService(storage::Storage* storage,
                                                   collector::Admission* admission) {
  return std::make_unique<TransferService>(storage, admission);
}

}  // namespace vigil::server
