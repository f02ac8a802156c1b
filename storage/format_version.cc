// SPDX-License-Identifier: Apache-2.0
#include "storage/format_version.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::storage {

absl::Status CheckFormat(std::string_view format) {
  if (format == kFormatVersion || format == kMovableFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("the data directory has format {}, this vigil reads format {}: run the vigil "
                  "that wrote it, or start with another --data-dir",
                  format, kFormatVersion));
}

absl::Status RaiseFormat(KeyValueStore& store) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> format,
                         store.Get(Family::kMeta, kFormatRow));
  if (format == kFormatVersion) return absl::OkStatus();
  WriteBatch batch;
  batch.Put(Family::kMeta, std::string(kFormatRow), std::string(kFormatVersion));
  return store.Write(batch, Durability::kSync);
}

}  // namespace vigil::storage
