// SPDX-License-Identifier: Apache-2.0
//
// The three OTLP services on gRPC, and what they do for requests that come another way. Requests
// stay bytes (no message objects are made for them) and are worked on by a pool of threads of our
// own, because storing waits for the disk.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "collector/admission/admission.h"
#include "collector/otlp/otlp_options.h"
#include "storage/storage.h"

namespace grpc {
class Service;
}

namespace vigil::collector {

enum class OtlpSignal { kMetrics, kLogs, kTraces };

// Owns the services and receivers. Everything it is given must outlive it, and the gRPC server must
// be shut down before it is destroyed.
class OtlpServices {
 public:
  OtlpServices(storage::Storage* storage, const OtlpOptions& options, const Clock* clock,
               Admission* admission, ThreadPool* workers);
  ~OtlpServices();

  // To be registered with the gRPC server.
  std::vector<grpc::Service*> services() const;

  // Stores the bytes of an Export...ServiceRequest, on this thread; gives those of the response.
  // InvalidArgument when they are malformed; ResourceExhausted and Unavailable when the sender
  // should try again. Thread-safe.
  absl::StatusOr<std::string> Export(OtlpSignal signal, const std::string& tenant_name,
                                     std::string_view request);

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace vigil::collector
