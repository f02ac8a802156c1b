// SPDX-License-Identifier: Apache-2.0
//
// `vigil alerts history`, and what it has in common with `vigil alerts`.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/text/labels.h"
#include "proto/vigil/v1/alerts.pb.h"

namespace CLI {
class App;
}

namespace vigil::cli {

// `a=b c=d`: less to read than PromQL's form. The alert's name has a column of its own.
std::string PlainLabels(const LabelList& labels);

// An object as `-o json` tells it.
nlohmann::ordered_json JsonEvidence(const v1::AlertEvidence& evidence);

// Adds the arguments that say which alerts are meant.
void AddAlertFilters(CLI::App* command, std::vector<std::string>* matchers,
                     std::vector<std::string>* rules);

// Changes as the server tells them; in the order of time they become readable. The response must
// outlive it.
Answer AnswerOf(const v1::AlertHistoryResponse& response);

// Adds the command to `vigil alerts`.
void AddAlertsHistory(CLI::App* alerts, int* exit_status);

}  // namespace vigil::cli
