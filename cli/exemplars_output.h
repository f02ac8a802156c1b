// SPDX-License-Identifier: Apache-2.0
//
// Exemplars as table, JSON (the shape of the Prometheus API's /api/v1/query_exemplars) or CSV.
#pragma once

#include "cli/output.h"
#include "proto/vigil/v1/query.pb.h"

namespace vigil::cli {

// The response must outlive it.
Answer AnswerOf(const v1::ExemplarsResponse& response);

}  // namespace vigil::cli
