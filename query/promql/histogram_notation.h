// SPDX-License-Identifier: Apache-2.0
//
// Histograms as tests write them; see series_values.h.
#pragma once

#include <string_view>

#include <absl/status/statusor.h>

#include "storage/model/histogram.h"

namespace vigil::promql {

// The histogram that the text between "{{" and "}}" describes. Every key may be left out.
absl::StatusOr<storage::Histogram> ParseHistogram(std::string_view text);

// Adds `factor` times `increment` to `*histogram`. InvalidArgument unless both have the same
// schema, zero bucket width and custom bounds.
absl::Status AddHistogram(const storage::Histogram& increment, double factor,
                          storage::Histogram* histogram);

}  // namespace vigil::promql
