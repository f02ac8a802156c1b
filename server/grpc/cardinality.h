// SPDX-License-Identifier: Apache-2.0
//
// Counts what makes series: metrics, labels and label values.
#pragma once

#include <cstdint>

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "storage/storage.h"

namespace vigil::v1 {
class CardinalityRequest;
class CardinalityResponse;
}  // namespace vigil::v1

namespace vigil::server {

// Series of the day of `now_ms` and of the day before. Looks at the index alone; memory grows with
// the distinct label values, not with the series.
grpc::Status CountCardinality(storage::Storage& storage, const grpc::ServerContext& context,
                              const v1::CardinalityRequest& request, int64_t now_ms,
                              v1::CardinalityResponse* response);

}  // namespace vigil::server
