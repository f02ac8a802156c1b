// SPDX-License-Identifier: Apache-2.0
//
// Native histograms in templates.
#pragma once

#include "alerting/template/value.h"
#include "storage/model/histogram.h"

namespace vigil::text_template {

// An object with the fields Count and Sum that prints as Prometheus prints histograms:
// `{count:4, sum:3, (1,2]:4}`, empty buckets left out.
Value MakeHistogram(const storage::Histogram& histogram);

}  // namespace vigil::text_template
