// SPDX-License-Identifier: Apache-2.0
#include "storage/format_version.h"

#include <fmt/format.h>

namespace vigil::storage {

absl::Status CheckFormat(std::string_view format) {
  if (format == kFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("the data directory has format {}, this vigil reads format {}: run the vigil "
                  "that wrote it, or start with another --data-dir",
                  format, kFormatVersion));
}

}  // namespace vigil::storage
