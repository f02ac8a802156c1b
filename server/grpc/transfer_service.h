// SPDX-License-Identifier: Apache-2.0
//
// vigil.v1.TransferService: metrics in bulk, out and in again.
#pragma once

#include <memory>

#include "collector/admission/admission.h"
#include "storage/storage.h"

namespace grpc {
class Service;
}

namespace vigil::server {

// Both must outlive the service.
std::unique_ptr<grpc::Service> MakeTransferService(storage::Storage* storage,
                                                   collector::Admission* admission);

}  // namespace vigil::server
