// SPDX-License-Identifier: Apache-2.0
//
// Columns of 64-bit integers: times, counters, numbers. The encoding is the one that measures
// smallest on the values at hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <absl/functional/function_ref.h>

#include "storage/codec/bytes.h"
#include "storage/codec/effort.h"

namespace vigil::storage {

// Appends `values`; nothing for no values. Their number is not kept.
void AppendIntColumn(std::span<const int64_t> values, std::string* out,
                     CodecEffort effort = CodecEffort::kQuick);

// Reads out.size() values. When `reader` fails `out` is unspecified.
void ReadIntColumn(ByteReader* reader, std::string_view field, std::span<int64_t> out);

// Passes over a column of `count` values and calls take(values) with those of
// [begin, begin + size), some after the other in their order; what it is given is good during the
// call. Long columns that were made thoroughly are decoded around these only. When `reader` fails
// some may have been taken. Requires: begin + size <= count.
using TakeInts = absl::FunctionRef<void(std::span<const int64_t> values)>;
void ReadIntStretches(ByteReader* reader, std::string_view field, size_t count, size_t begin,
                      size_t size, TakeInts take);

// The same into `out`.
void ReadIntColumnPart(ByteReader* reader, std::string_view field, size_t count, size_t begin,
                       std::span<int64_t> out);

// A column whose values are `first`, `first` + `step`, ...
struct IntStep {
  int64_t first;
  int64_t step;
};
// Reads the column if it is kept as such; otherwise nothing is read.
std::optional<IntStep> ReadStepColumn(ByteReader* reader, std::string_view field);

// "constant", "scaled delta" and so on: how the column that begins `bytes` is encoded.
std::string IntEncodingName(std::string_view bytes);

}  // namespace vigil::storage
