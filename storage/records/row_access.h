// SPDX-License-Identifier: Apache-2.0
//
// Checks on what comes out of a row block's columns: the block's checksum says that it is what was
// written, not that it was written by this version of this program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "storage/block/row_block.h"

namespace vigil::storage {

// DataLoss unless every one of `rows` rows has an entry.
template <typename Column>
absl::Status RequireEveryRow(const Column& column, size_t rows, std::string_view name) {
  if (column.present.Count() == rows) return absl::OkStatus();
  return absl::DataLossError(fmt::format("column {}: rows without an entry", name));
}

// DataLoss unless every entry fits into `Number`.
template <typename Number>
absl::Status RequireRange(const IntColumn& column, std::string_view name) {
  for (const int64_t value : column.values) {
    if (value < 0 || static_cast<uint64_t>(value) > std::numeric_limits<Number>::max()) {
      return absl::DataLossError(fmt::format("column {}: {} is out of range", name, value));
    }
  }
  return absl::OkStatus();
}

}  // namespace vigil::storage
