// SPDX-License-Identifier: Apache-2.0
//
// The server's side of an export.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include "proto/vigil/v1/transfer.grpc.pb.h"
#include "storage/storage.h"

namespace vigil::server {

// Writes what `request` asks for; see ExportMetrics. Memory is bounded by the labels of the largest
// metric and a week of one series. Ends with Cancelled when the client is gone.
absl::Status StreamExport(storage::Storage& storage, storage::TenantId tenant,
                          const v1::ExportMetricsRequest& request, grpc::ServerContext* context,
                          grpc::ServerWriter<v1::ExportMetricsResponse>* writer);

}  // namespace vigil::server
