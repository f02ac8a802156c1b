// SPDX-License-Identifier: Apache-2.0
//
// How hard an encoder tries. Readers do not care.
#pragma once

#include <cstdint>

namespace vigil::storage {

enum class CodecEffort : uint8_t {
  kQuick,     // When data comes in: short columns that will be coded again before long.
  kThorough,  // For good: several times the work for the fewest bytes.
};

}  // namespace vigil::storage
