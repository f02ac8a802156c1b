// SPDX-License-Identifier: Apache-2.0
//
// The server's side of an import.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include "collector/admission/admission.h"
#include "proto/vigil/v1/transfer.grpc.pb.h"
#include "storage/storage.h"

namespace vigil::server {

// Takes requests until the client has sent its last, one at a time; see ImportMetrics.
grpc::Status TakeImport(
    storage::Storage& storage, collector::Admission& admission, storage::TenantId tenant,
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::ImportMetricsResponse, v1::ImportMetricsRequest>* stream);

}  // namespace vigil::server
