// SPDX-License-Identifier: Apache-2.0
//
// How hard an encoder tries. Readers do not care.
#pragma once

#include <cstdint>

namespace vigil::storage {

enum class CodecEffort : uint8_t {
  kGuess,     // When data comes in that will be coded again before long: one form, by estimate.
  kQuick,     // The best of the forms that are quick to try.
  kThorough,  // For good: several times the work for the fewest bytes.
};

}  // namespace vigil::storage
