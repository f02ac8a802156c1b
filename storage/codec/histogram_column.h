// SPDX-License-Identifier: Apache-2.0
//
// Columns of native histograms. Rows of the same bucket layout share it, and the counts of one
// bucket over those rows are a column of their own: they move little from row to row.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "storage/codec/bytes.h"
#include "storage/codec/effort.h"
#include "storage/model/histogram.h"

namespace vigil::storage {

// Cells (see below) of a column at most: columns that repeat take few bytes however much they claim
// to hold, so the claim needs a bound. No single request is large enough for a histogram of that
// size.
inline constexpr size_t kMaxHistogramCells = 1 << 24;

// About the number of 8-byte fields of `histogram` in memory.
size_t HistogramCells(const Histogram& histogram);

// Appends `histograms`; nothing for none. Their number is not kept. Requires: no null; as many
// counts as the spans have buckets; at most kMaxHistogramCells in all.
void AppendHistogramColumn(std::span<const std::shared_ptr<const Histogram>> histograms,
                           std::string* out, CodecEffort effort = CodecEffort::kQuick);

// Reads out.size() histograms that compare equal to those written. When `reader` fails `out` is
// unspecified.
void ReadHistogramColumn(ByteReader* reader, std::string_view field,
                         std::span<std::shared_ptr<const Histogram>> out);

}  // namespace vigil::storage
