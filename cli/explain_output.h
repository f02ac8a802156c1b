// SPDX-License-Identifier: Apache-2.0
//
// How an answer came about: the parts of the query with their series and times, and what was read.
#pragma once

#include "cli/output.h"
#include "proto/vigil/v1/query.pb.h"

namespace vigil::cli {

// The explanation must outlive it.
Answer AnswerOf(const v1::Explanation& explanation);

}  // namespace vigil::cli
