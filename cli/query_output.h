// SPDX-License-Identifier: Apache-2.0
//
// The answer to a PromQL query as table, JSON (the shape of the Prometheus API's), CSV or chart.
#pragma once

#include <string>

#include "cli/output.h"
#include "cli/plot.h"
#include "proto/vigil/v1/query.pb.h"

namespace vigil::cli {

std::string FormatResult(const v1::QueryResponse& response, OutputFormat format);

// Requires: the response is a matrix.
std::string PlotResult(const v1::QueryResponse& response, const PlotOptions& options);

}  // namespace vigil::cli
