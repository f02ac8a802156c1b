// SPDX-License-Identifier: Apache-2.0
//
// Tells each tenant's limits, and takes new ones while the store runs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "storage/limits/tenant_limits.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Thread-safe.
class LimitBook {
 public:
  // The name of a tenant, by which the settings know it. Must be thread-safe.
  using NameOf = std::function<std::string(TenantId)>;

  LimitBook(LimitSettings settings, NameOf name_of);

  TenantLimits Of(TenantId tenant) const;
  // Holds for what comes from now on; what is there already stays, be it too much.
  void Set(LimitSettings settings);

 private:
  using Settings = std::shared_ptr<const LimitSettings>;

  const NameOf name_of_;
  mutable SharedMutex mutex_;
  Settings settings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
