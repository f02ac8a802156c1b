// SPDX-License-Identifier: Apache-2.0
//
// The Logs call: what is there, and with `follow` what comes.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/sync_stream.h>

#include "base/clock.h"
#include "proto/vigil/v1/query.pb.h"
#include "storage/storage.h"

namespace vigil::server {

// Writes the records that `request` asks for until they are told, the client is gone or the server
// shuts down. InvalidArgument for a query that does not parse.
absl::Status StreamLogs(storage::Storage& storage, storage::TenantId tenant,
                        const v1::LogsRequest& request, const Clock& clock,
                        grpc::ServerContext* context, grpc::ServerWriter<v1::LogsResponse>* writer);

}  // namespace vigil::server
