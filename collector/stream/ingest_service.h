// SPDX-License-Identifier: Apache-2.0
//
// vigil.v1.IngestService: streams of numbered batches with exactly-once delivery; the protocol is
// told in proto/vigil/v1/ingest.proto.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "collector/admission/admission.h"
#include "storage/storage.h"

namespace grpc {
class Service;
}

namespace vigil::collector {

// All arguments must outlive the service, and the gRPC server be shut down before it is destroyed.
std::unique_ptr<grpc::Service> MakeIngestService(storage::Storage* storage, const Clock* clock,
                                                 Admission* admission, ThreadPool* workers);

}  // namespace vigil::collector
