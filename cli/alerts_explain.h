// SPDX-License-Identifier: Apache-2.0
//
// `vigil alerts explain`.
#pragma once

#include "cli/output.h"
#include "proto/vigil/v1/explain.pb.h"

namespace CLI {
class App;
}

namespace vigil::cli {

// The stories as the server tells them. The response must outlive it.
Answer AnswerOf(const v1::ExplainAlertResponse& response);

// Adds the command to `vigil alerts`.
void AddAlertsExplain(CLI::App* alerts, int* exit_status);

}  // namespace vigil::cli
