// SPDX-License-Identifier: Apache-2.0
//
// Columns of every shape that codecs are tried on, and the hostile bytes that their decoders get.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "storage/codec/bytes.h"
#include "storage/model/histogram.h"

namespace vigil::storage {

template <typename T>
struct Shape {
  std::string name;
  std::vector<T> values;
};

// What random shapes and mutations are made from; print it when a test fails.
inline constexpr uint64_t kShapeSeed = 7;

// Constant, steps, counters with resets, jitter, scaled, random, extremes; of many lengths around
// those at which codecs branch.
std::vector<Shape<int64_t>> IntShapes();

// The same for doubles: counters, gauges with two digits, true floats, floats that were 32-bit,
// NaNs with payloads, staleness markers, infinities, zeros of both signs, denormals.
std::vector<Shape<double>> FloatShapes();

using HistogramRows = std::vector<std::shared_ptr<const Histogram>>;

// Histograms that grow, change layout, go stale, have custom bounds, fractional and NaN counts.
std::vector<Shape<std::shared_ptr<const Histogram>>> HistogramShapes();

// The bits of each value, for comparing.
std::vector<uint64_t> Bits(const std::vector<double>& values);

// Runs `decode` on every prefix of `bytes` and on seeded mutations of them. It must come back; it
// is told a reader to read from, and what the reader says afterwards is DataLoss or nothing.
void DecodeHostile(std::string_view bytes, const std::function<void(ByteReader*)>& decode);

}  // namespace vigil::storage
