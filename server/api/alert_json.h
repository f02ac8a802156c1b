// SPDX-License-Identifier: Apache-2.0
//
// What vigil knows of an alert beyond what Prometheus tells.
#pragma once

#include "alerting/alert.h"
#include "base/json_writer.h"

namespace vigil::server {

// An object of `threshold`, a text as values are, where there is one, `query` and `traceIds`.
void WriteEvidence(const alerting::Evidence& evidence, JsonWriter* json);

}  // namespace vigil::server
