// SPDX-License-Identifier: Apache-2.0
//
// What the messages of native histograms have in common, whichever fields hold it: buckets as spans
// with deltas or counts, and the rules that a histogram must meet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "collector/otlp/wire.h"
#include "storage/model/histogram.h"

namespace vigil::collector {

// Buckets of one sign, and custom bounds, that a histogram may have.
inline constexpr size_t kMaxNativeBuckets = 1 << 16;

// The number behind a sint32.
int32_t ZigZag32(uint64_t value);

// Read the current field into `*values`, packed or not. One element more than are allowed is kept,
// by which HistogramFault sees that there are too many. False when malformed.
bool ReadDeltas(WireReader* reader, std::vector<uint64_t>* deltas);  // sint64, as unsigned.
bool ReadDoubles(WireReader* reader, std::vector<double>* values);
// A BucketSpan, whose fields 1 and 2 are offset and length.
bool ReadBucketSpan(WireReader* reader, std::vector<storage::BucketSpan>* spans);

// Running sums, as doubles. A sum below zero comes out as it is and is found by HistogramFault.
std::vector<double> BucketCounts(const std::vector<uint64_t>& deltas);

// What is wrong with a histogram of that schema on the wire, "" if nothing. `is_float`: its counts
// were calculated and need not add up exactly.
std::string HistogramFault(const storage::Histogram& histogram, int32_t schema, bool is_float);

}  // namespace vigil::collector
