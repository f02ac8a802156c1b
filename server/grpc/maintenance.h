// SPDX-License-Identifier: Apache-2.0
//
// What operators do to the store through vigil.v1.AdminService.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "storage/storage.h"

namespace vigil::v1 {
class DeleteMetricsRequest;
class DeleteMetricsResponse;
class SnapshotRequest;
class SnapshotResponse;
}  // namespace vigil::v1

namespace vigil::server {

grpc::Status TakeSnapshot(storage::Storage& storage, const v1::SnapshotRequest& request,
                          v1::SnapshotResponse* response);
grpc::Status DeleteMetrics(storage::Storage& storage, const grpc::ServerContext& context,
                           const v1::DeleteMetricsRequest& request,
                           v1::DeleteMetricsResponse* response);

}  // namespace vigil::server
