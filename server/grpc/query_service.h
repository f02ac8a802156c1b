// SPDX-License-Identifier: Apache-2.0
//
// vigil.v1.QueryService: a thin translation between calls and the query libraries.
#pragma once

#include <memory>

#include "base/clock.h"
#include "query/cache/range_cache.h"
#include "query/exec/engine.h"
#include "server/grpc/log_calls.h"
#include "server/query_gate.h"
#include "storage/storage.h"

namespace grpc {
class Service;
}

namespace vigil::server {

// All arguments must outlive the service. Queries pass `gate`; `logs` serves what is asked of logs.
std::unique_ptr<grpc::Service> MakeQueryService(storage::Storage* storage,
                                                const exec::Engine* engine,
                                                cache::RangeCache* ranges, const Clock* clock,
                                                QueryGate* gate, LogCalls* logs);

}  // namespace vigil::server
