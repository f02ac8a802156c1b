// SPDX-License-Identifier: Apache-2.0
//
// The spans of a trace as a tree, table, JSON or CSV.
#pragma once

#include "cli/output.h"
#include "proto/vigil/v1/query.pb.h"

namespace vigil::cli {

// The response must outlive it.
Answer AnswerOf(const v1::TraceResponse& trace);

}  // namespace vigil::cli
