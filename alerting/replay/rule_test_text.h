// SPDX-License-Identifier: Apache-2.0
//
// How alerts and samples are written where tests of rules are reported.
#pragma once

#include <string>

#include "alerting/replay/rule_test_outcome.h"
#include "storage/model/histogram.h"

namespace vigil::alerting {

// `{a="b", c=""}`.
std::string TextOf(const TextMap& pairs);
// `{a="b"} 1`, with the name before the braces if there is one.
std::string TextOf(const TestSample& sample);
// A number, or a histogram as tests write it.
std::string ValueText(const TestSample& sample);
// `{{schema:1 count:4 sum:3 buckets:[1 2 1]}}`.
std::string HistogramNotation(const storage::Histogram& histogram);

}  // namespace vigil::alerting
