// SPDX-License-Identifier: Apache-2.0
#include "server/config_limits.h"

#include <string>

#include <fmt/format.h>

namespace vigil::server {
namespace {

void ReadFields(YamlMap* map, storage::TenantLimits* limits) {
  for (const storage::LimitField& field : storage::kLimitFields) {
    int64_t value = 0;
    if (map->TakeInt(field.name, &value)) limits->*field.value = static_cast<uint64_t>(value);
  }
}

}  // namespace

void ReadLimits(const YAML::Node& node, storage::LimitSettings* settings, YamlErrors* errors) {
  if (node.IsNull()) return;
  YamlMap map(node, "limits", errors);
  ReadFields(&map, &settings->defaults);
  if (const YAML::Node tenants = map.Take("tenants"); !tenants.IsNull()) {
    YamlMap tenant_map(tenants, "tenants", errors);
    for (const std::string& name : tenant_map.Names()) {
      storage::TenantLimits& limits = settings->tenants[name] = settings->defaults;
      YamlMap own(tenant_map.Take(name), fmt::format("limits of tenant \"{}\"", name), errors);
      ReadFields(&own, &limits);
      own.Finish();
    }
    tenant_map.Finish();
  }
  map.Finish();
}

}  // namespace vigil::server
