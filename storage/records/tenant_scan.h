// SPDX-License-Identifier: Apache-2.0
//
// Which tenants have something in a family whose keys begin with the tenant.
#pragma once

#include <vector>

#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Ascending. Costs one seek for each tenant.
absl::StatusOr<std::vector<TenantId>> TenantsIn(KeyValueStore& store, Family family);

}  // namespace vigil::storage
