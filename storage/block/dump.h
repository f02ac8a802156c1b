// SPDX-License-Identifier: Apache-2.0
//
// Blocks as text, for people: what a block holds and what each part of it costs.
#pragma once

#include <string>
#include <string_view>

#include "storage/block/metric_block.h"

namespace vigil::storage {

// Header, encodings, sizes and samples of a block, one a line; for a block that cannot be read, the
// error. `times_of` as in DecodeMetricBlock.
std::string DumpMetricBlock(std::string_view bytes, TimesLookup times_of);

// Header, columns with their encodings and sizes, and rows of a block, likewise.
std::string DumpRowBlock(std::string_view bytes);

}  // namespace vigil::storage
