// SPDX-License-Identifier: Apache-2.0
//
// The tenants of a data directory: names and the numbers that stand for them in keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/mutex.h"
#include "base/strings.h"
#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Thread-safe.
class Tenants {
 public:
  // Loki's and Mimir's limit, so that their tenants' names fit.
  static constexpr size_t kMaxNameBytes = 150;

  explicit Tenants(KeyValueStore* store) : store_(*store) {}

  // Reads the names of an earlier run.
  absl::Status Load();

  // The tenant's number, given out (durably) at first use. "" is kDefaultTenant. InvalidArgument
  // for a bad name.
  absl::StatusOr<TenantId> IdOf(std::string_view name);

  // The number of a tenant that is known already, kUnknownTenant if it is not: asking makes none.
  // InvalidArgument for a bad name.
  absl::StatusOr<TenantId> Find(std::string_view name) const;
  // "" for kDefaultTenant and for numbers that were not given out.
  std::string NameOf(TenantId id) const;

 private:
  KeyValueStore& store_;
  mutable SharedMutex mutex_;
  StringMap<TenantId> ids_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<TenantId, std::string> names_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
