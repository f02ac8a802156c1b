// SPDX-License-Identifier: Apache-2.0
//
// Series to be stored: recorded ones from a file, or an invented fleet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/series/labels.h"

namespace vigil::storage::benchmark {

struct RecordedSeries {
  Labels labels;
  std::vector<int64_t> times_ms;
  std::vector<double> values;
};

// A file with a JSON object a line: {"metric":{...},"values":[...],"timestamps":[ms...]}; a value
// of null is the staleness marker. "-" reads standard input.
absl::StatusOr<std::vector<RecordedSeries>> ReadSeries(const std::string& path);

// `services` exporters with 500 series each, scraped every 15 s at instants of their own with
// jitter that an exporter's series share: counters and gauges that move at random.
std::vector<RecordedSeries> MakeFleet(size_t services, size_t scrapes);

}  // namespace vigil::storage::benchmark
