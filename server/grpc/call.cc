// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/call.h"

namespace vigil::server {

absl::StatusOr<storage::TenantId> TenantOf(const grpc::ServerContextBase& context,
                                           storage::Storage& storage) {
  const auto header = context.client_metadata().find("x-scope-orgid");
  if (header == context.client_metadata().end()) return storage::kDefaultTenant;
  return storage.FindTenant({header->second.data(), header->second.size()});
}

}  // namespace vigil::server
