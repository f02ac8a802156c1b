// SPDX-License-Identifier: Apache-2.0
//
// How bucket bounds and quantiles are written as values of `le` and `quantile`, whoever sends them:
// histograms that are pushed and scraped must agree, or they could not be added up.
#pragma once

#include <string>

namespace vigil::collector {

// The form of OpenMetrics, to which Prometheus brings what it scrapes: "0.005", "1.0", "1e+06",
// "+Inf".
std::string BoundLabel(double bound);

}  // namespace vigil::collector
