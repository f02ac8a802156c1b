// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/limit_book.h"

#include <utility>

namespace vigil::storage {

LimitBook::LimitBook(LimitSettings settings, NameOf name_of)
    : name_of_(std::move(name_of)),
      settings_(std::make_shared<const LimitSettings>(std::move(settings))) {}

TenantLimits LimitBook::Of(TenantId tenant) const {
  Settings settings;
  {
    ReaderLock lock(&mutex_);
    settings = settings_;
  }
  if (settings->tenants.empty()) return settings->defaults;
  const auto own = settings->tenants.find(name_of_(tenant));
  return own == settings->tenants.end() ? settings->defaults : own->second;
}

void LimitBook::Set(LimitSettings settings) {
  auto published = std::make_shared<const LimitSettings>(std::move(settings));
  WriterLock lock(&mutex_);
  settings_ = std::move(published);
}

}  // namespace vigil::storage
