// SPDX-License-Identifier: Apache-2.0
#include "storage/tenants.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/keys.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kRowPrefix = "tenant/";

absl::Status CheckName(std::string_view name) {
  constexpr std::string_view kPunctuation = "!-_.*'()";
  const bool allowed = std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           kPunctuation.find(c) != std::string_view::npos;
  });
  if (allowed && name.size() <= Tenants::kMaxNameBytes && name != "." && name != "..") {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("tenant name \"{}\" (x-scope-orgid) is not valid: write at most {} letters, "
                  "digits and {}",
                  name.substr(0, Tenants::kMaxNameBytes), Tenants::kMaxNameBytes, kPunctuation));
}

}  // namespace

absl::Status Tenants::Load() {
  StringMap<TenantId> ids;
  VIGIL_RETURN_IF_ERROR(
      ForEach(store_, Family::kMeta, {std::string(kRowPrefix), PrefixEnd(kRowPrefix)},
              [&ids](std::string_view key, std::string_view value) -> absl::Status {
                KeyReader reader(value);
                ids[key.substr(kRowPrefix.size())] = reader.ReadTenant();
                return reader.Finish("tenant's number");
              }));
  WriterLock lock(&mutex_);
  ids_ = std::move(ids);
  names_.clear();
  for (const auto& [name, id] : ids_) names_[id] = name;
  return absl::OkStatus();
}

absl::StatusOr<TenantId> Tenants::IdOf(std::string_view name) {
  if (name.empty()) return kDefaultTenant;
  {
    ReaderLock lock(&mutex_);
    if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  }
  VIGIL_RETURN_IF_ERROR(CheckName(name));
  WriterLock lock(&mutex_);
  if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  const TenantId id{static_cast<uint32_t>(ids_.size() + 1)};
  WriteBatch batch;
  batch.Put(Family::kMeta, fmt::format("{}{}", kRowPrefix, name),
            KeyWriter().AppendTenant(id).Take());
  VIGIL_RETURN_IF_ERROR_WITH(store_.Write(batch, Durability::kSync), "registering a tenant");
  ids_[std::string(name)] = id;
  names_[id] = name;
  return id;
}

absl::StatusOr<TenantId> Tenants::Find(std::string_view name) const {
  if (name.empty()) return kDefaultTenant;
  {
    ReaderLock lock(&mutex_);
    if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  }
  VIGIL_RETURN_IF_ERROR(CheckName(name));
  return kUnknownTenant;
}

std::string Tenants::NameOf(TenantId id) const {
  ReaderLock lock(&mutex_);
  const auto known = names_.find(id);
  return known == names_.end() ? "" : known->second;
}

}  // namespace vigil::storage
