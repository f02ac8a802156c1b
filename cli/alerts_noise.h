// SPDX-License-Identifier: Apache-2.0
//
// `vigil alerts noise`.
#pragma once

#include "cli/output.h"
#include "proto/vigil/v1/explain.pb.h"

namespace CLI {
class App;
}

namespace vigil::cli {

// The rules as the server tells them. The response must outlive it.
Answer AnswerOf(const v1::AlertNoiseResponse& response);

// Adds the command to `vigil alerts`.
void AddAlertsNoise(CLI::App* alerts, int* exit_status);

}  // namespace vigil::cli
