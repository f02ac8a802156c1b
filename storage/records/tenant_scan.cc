// SPDX-License-Identifier: Apache-2.0
#include "storage/records/tenant_scan.h"

#include <string>

#include "base/status.h"
#include "storage/kv/keys.h"

namespace vigil::storage {

absl::StatusOr<std::vector<TenantId>> TenantsIn(KeyValueStore& store, Family family) {
  std::vector<TenantId> tenants;
  const std::unique_ptr<KeyValueIterator> at = store.NewIterator(family, KeyRange());
  for (at->Seek({}); at->Valid();) {
    KeyReader reader(at->key());
    tenants.push_back(reader.ReadTenant());
    const std::string next = PrefixEnd(KeyWriter().AppendTenant(tenants.back()).Take());
    if (next.empty()) break;
    at->Seek(next);
  }
  VIGIL_RETURN_IF_ERROR_WITH(at->status(), "looking for tenants");
  return tenants;
}

}  // namespace vigil::storage
