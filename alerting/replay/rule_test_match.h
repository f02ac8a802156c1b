// SPDX-License-Identifier: Apache-2.0
//
// Compares what rules gave with what a test expects, and words the difference.
#pragma once

#include <string>
#include <vector>

#include "alerting/replay/rule_test_outcome.h"

namespace vigil::alerting {

// Sorts both. Whether they are the same alerts.
bool MatchAlerts(std::vector<TestAlert>* expected, std::vector<TestAlert>* got);
// The same for samples. NaN equals nothing; with `fuzzy` a number also equals its neighbours.
// Histograms are equal when all but their empty buckets is, reset hints included.
bool MatchSamples(bool fuzzy, std::vector<TestSample>* expected, std::vector<TestSample>* got);

// One line for each thing that differs: alerts and samples that are most alike are compared with
// each other.
std::string AlertDifference(const std::vector<TestAlert>& expected,
                            const std::vector<TestAlert>& got);
std::string SampleDifference(bool fuzzy, const std::vector<TestSample>& expected,
                             const std::vector<TestSample>& got);

}  // namespace vigil::alerting
