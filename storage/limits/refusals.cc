// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/refusals.h"

#include <array>

#include <fmt/format.h>

#include "base/metrics.h"

namespace vigil::storage {
namespace {

constexpr std::array<std::string_view, kRefusalCount> kNames = {"time",
                                                                "series",
                                                                "series_of_metric",
                                                                "series_memory",
                                                                "labels",
                                                                "sample_rate",
                                                                "sample_rate_of_metric",
                                                                "log_streams",
                                                                "stream_labels",
                                                                "log_body",
                                                                "attributes"};

// One counter for each reason; all are there from the start, so that their rates are.
const std::array<Counter*, kRefusalCount>& Counters() {
  static const std::array<Counter*, kRefusalCount> counters = [] {
    std::array<Counter*, kRefusalCount> made{};
    for (int i = 0; i < kRefusalCount; ++i) {
      made[i] = &GetCounter("vigil_refused_records_total", "Records refused on arrival.",
                            fmt::format("reason=\"{}\"", kNames[i]));
    }
    return made;
  }();
  return counters;
}

}  // namespace

std::string_view RefusalName(Refusal refusal) { return kNames[static_cast<size_t>(refusal)]; }

void CountRefused(Refusal refusal, int64_t records) {
  Counters()[static_cast<size_t>(refusal)]->Add(records);
}

std::vector<std::pair<std::string_view, int64_t>> RefusedSoFar() {
  std::vector<std::pair<std::string_view, int64_t>> refused;
  for (int i = 0; i < kRefusalCount; ++i) {
    if (const int64_t count = Counters()[i]->Value(); count > 0) {
      refused.emplace_back(kNames[i], count);
    }
  }
  return refused;
}

}  // namespace vigil::storage
