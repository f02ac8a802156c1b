// SPDX-License-Identifier: Apache-2.0
//
// The three OTLP services on gRPC. Requests stay bytes (no message objects are made for them) and
// are worked on by a pool of threads of our own, because storing waits for the disk.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "collector/admission/admission.h"
#include "collector/otlp/otlp_options.h"
#include "storage/storage.h"

namespace grpc {
class Service;
}

namespace vigil::collector {

// Owns the services and receivers. Everything it is given must outlive it, and the gRPC server must
// be shut down before it is destroyed.
class OtlpServices {
 public:
  OtlpServices(storage::Storage* storage, const OtlpOptions& options, const Clock* clock,
               Admission* admission, ThreadPool* workers);
  ~OtlpServices();

  // To be registered with the gRPC server.
  std::vector<grpc::Service*> services() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace vigil::collector
