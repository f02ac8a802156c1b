// SPDX-License-Identifier: Apache-2.0
//
// The native histograms of remote write, read from their wire bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/model/histogram.h"

namespace vigil::collector {

struct NativeHistogram {
  int64_t time_ms = 0;
  storage::Histogram histogram;
  // What is wrong with it, "" if nothing: it is then not to be stored.
  std::string fault;
};

// Reads a prometheus.Histogram. False when `bytes` are malformed.
bool ReadNativeHistogram(std::string_view bytes, NativeHistogram* read);

}  // namespace vigil::collector
