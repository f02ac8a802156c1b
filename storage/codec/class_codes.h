// SPDX-License-Identifier: Apache-2.0
//
// Unsigned integers of any distribution, mostly small: each is a class (about how large it is),
// which has a code as long as the class is rare, and the bits that tell it from the others of its
// class. Runs of zeros are classes too. Costs hardly more than the entropy of what it is given, and
// reading is a table look-up a value. Each look-up waits for the one before, so long columns are
// cut into four lanes that are read side by side; and into pieces, of which each can be read alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <absl/functional/function_ref.h>

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
  size_t size_bytes = 0;
  bool laned = false;
};
ClassPlan PlanClassCodes(std::span<const uint64_t> values);
// The better of two that fit most columns: to tell columns apart by how long they would get.
ClassPlan GuessClassCodes(std::span<const uint64_t> values);

// Appends `values`, for which the plan must have been made. Their number is not kept.
void AppendClassCodes(std::span<const uint64_t> values, const ClassPlan& plan, std::string* out);

// Reads out.size() values. When `reader` fails `out` is unspecified.
void ReadClassCodes(ByteReader* reader, std::string_view field, std::span<uint64_t> out);

// Neither the number of values nor that of a piece is kept. All pieces have as many values, the
// last one what remains, and lanes. Requires: plan.laned, piece_size >= 1.
void AppendClassPieces(std::span<const uint64_t> values, size_t piece_size, const ClassPlan& plan,
                       std::string* out);

// Passes over `count` values in pieces of `piece_size` and calls take(piece, values) for each of
// the pieces [first, end) in order; the values may be changed, and are gone after the call. When
// `reader` fails some may have been taken. Requires: piece_size >= 1; there are as many pieces.
using TakePiece = absl::FunctionRef<void(size_t piece, std::span<uint64_t> values)>;
void ReadClassPieces(ByteReader* reader, std::string_view field, size_t count, size_t piece_size,
                     size_t first, size_t end, TakePiece take);

}  // namespace vigil::storage
