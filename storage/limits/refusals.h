// SPDX-License-Identifier: Apache-2.0
//
// Counts what was refused on arrival, by reason: `vigil_refused_records_total{reason="..."}` and a
// section of `vigil status`.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace vigil::storage {

enum class Refusal : uint8_t {
  kTime,
  kSeries,
  kSeriesOfMetric,
  kSeriesMemory,
  kLabels,
  kSampleRate,
  kSampleRateOfMetric,
  kLogStreams,
  kStreamLabels,
  kLogBody,
  kAttributes,
};
inline constexpr int kRefusalCount = static_cast<int>(Refusal::kAttributes) + 1;

// As in the label `reason`.
std::string_view RefusalName(Refusal refusal);

// All below count for the whole process. Thread-safe.
void CountRefused(Refusal refusal, int64_t records = 1);
// Those that are not zero.
std::vector<std::pair<std::string_view, int64_t>> RefusedSoFar();

}  // namespace vigil::storage
