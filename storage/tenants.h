// SPDX-License-Identifier: Apache-2.0
//
// The tenants of a data directory: names and the numbers that stand for them in keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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

 private:
  KeyValueStore& store_;
  mutable SharedMutex mutex_;
  StringMap<TenantId> ids_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
