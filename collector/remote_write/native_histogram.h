// SPDX-License-Identifier: Apache-2.0
//
// The native histograms of remote write, read from their wire bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/model/histogram.h"

namespace vigil::collector {

// Buckets of one sign, and custom bounds, that a histogram may have.
inline constexpr size_t kMaxNativeBuckets = 1 << 16;

struct NativeHistogram {
  int64_t time_ms = 0;
  storage::Histogram histogram;
  // What is wrong with it, "" if nothing: it is then not to be stored.
  std::string fault;
};

// Reads a prometheus.Histogram. False when `bytes` are malformed.
bool ReadNativeHistogram(std::string_view bytes, NativeHistogram* read);

}  // namespace vigil::collector
