// SPDX-License-Identifier: Apache-2.0
//
// The answer to a PromQL query as table, JSON (the shape of the Prometheus API's), CSV or chart.
#pragma once

#include <string>
#include <string_view>

#include "cli/output.h"
#include "cli/plot/plot.h"
#include "proto/vigil/v1/query.pb.h"

namespace vigil::cli {

// The response must outlive it.
Answer AnswerOf(const v1::QueryResponse& response);

// A chart of a matrix; says so when there is nothing to draw. A series without labels is called by
// the query. Requires: the response is a matrix.
std::string PlotResult(const v1::QueryResponse& response, std::string_view query,
                       const PlotOptions& options);

// What the values of a matrix count, as far as the names of its metrics or the query tell.
PlotUnit GuessUnit(const v1::QueryResponse& response, std::string_view query);

}  // namespace vigil::cli
