// SPDX-License-Identifier: Apache-2.0
//
// Log records as lines for people, JSON (the shape of Loki's answers) or CSV.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "proto/vigil/v1/query.pb.h"

namespace vigil::cli {

// "time level line fields", with its newline.
std::string RecordLine(const v1::LogResult& record, const Terminal& terminal);

// The records must outlive it.
Answer AnswerOf(const std::vector<v1::LogResult>& records);

}  // namespace vigil::cli
