// SPDX-License-Identifier: Apache-2.0
//
// Unsigned integers of any distribution, mostly small: each is a class (about how large it is),
// which has a code as long as the class is rare, and the bits that tell it from the others of its
// class. Runs of zeros are classes too. Costs hardly more than the entropy of what it is given, and
// reading is a table look-up a value. Each look-up waits for the one before, so long columns are
// cut into four lanes that are read side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/codec/bytes.h"

namespace vigil::storage {

// Integers below 2^exact_bits are a class each; above, those that agree in their length in bits and
// in the `mantissa_bits` bits behind the highest.
struct ClassParameters {
  int exact_bits = 0;
  int mantissa_bits = 0;
};

// How to write certain integers, and about how many bytes that takes.
struct ClassPlan {
  ClassParameters parameters;
  std::vector<uint32_t> counts;  // How often each class occurs.
  size_t size_bytes = 0;
  bool laned = false;
};
ClassPlan PlanClassCodes(std::span<const uint64_t> values);

// Appends `values`, for which the plan must have been made. Their number is not kept.
void AppendClassCodes(std::span<const uint64_t> values, const ClassPlan& plan, std::string* out);

// Reads out.size() values. When `reader` fails `out` is unspecified.
void ReadClassCodes(ByteReader* reader, std::string_view field, std::span<uint64_t> out);

}  // namespace vigil::storage
