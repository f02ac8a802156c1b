// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_parts.h"

#include <chrono>

#include "base/status.h"

namespace vigil::server {

absl::StatusOr<storage::TenantId> TenantOf(const ApiParts& parts, const HttpRequest& request) {
  return parts.storage->FindTenant(request.Header("x-scope-orgid"));
}

absl::StatusOr<QueryGate::Pass> EnterGate(const ApiParts& parts, const HttpRequest& request,
                                          int64_t timeout_ms) {
  const auto deadline = std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms);
  const auto cancelled = [&request] {
    return request.cancelled != nullptr && request.cancelled->load();
  };
  absl::StatusOr<QueryGate::Pass> pass = parts.gate->Enter(deadline, cancelled);
  if (absl::IsResourceExhausted(pass.status())) {
    return absl::UnavailableError(pass.status().message());
  }
  return pass;
}

}  // namespace vigil::server
