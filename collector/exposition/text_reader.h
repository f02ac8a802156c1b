// SPDX-License-Identifier: Apache-2.0
//
// The Prometheus text format 0.0.4 and OpenMetrics 1.0 text, as far as their samples go (exemplars
// are passed over).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/model/sample.h"
#include "storage/series/labels.h"

namespace vigil::collector {

struct ExposedSample {
  std::vector<storage::Label> labels;  // `__name__` among them, in the order of the text.
  double value = 0;
  std::optional<int64_t> time_ms;
  size_t family = 0;  // Index in Exposition::families.
};

struct MetricFamily {
  std::string name;
  storage::MetricMetadata metadata;
};

struct Exposition {
  std::vector<MetricFamily> families;
  std::vector<ExposedSample> samples;
};

// `open_metrics`: times are seconds, and the text must end with "# EOF". InvalidArgument reads
// "line N: what is wrong"; an exposition is taken whole or not at all. Values of `le` and
// `quantile` are written as BoundLabel does, so that they agree whoever exposes them.
absl::StatusOr<Exposition> ParseExposition(std::string_view text, bool open_metrics);

}  // namespace vigil::collector
