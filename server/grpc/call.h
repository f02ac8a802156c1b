// SPDX-License-Identifier: Apache-2.0
//
// What the services of vigil.v1 have in common.
#pragma once

#include <string>

#include <absl/status/statusor.h>
#include <grpcpp/server_context.h>

#include "storage/storage.h"

namespace vigil::server {

// The tenant that a call names in its `x-scope-orgid` metadata. Asking makes none.
absl::StatusOr<storage::TenantId> TenantOf(const grpc::ServerContextBase& context,
                                           storage::Storage& storage);

}  // namespace vigil::server
