// SPDX-License-Identifier: Apache-2.0
//
// Instants as the Prometheus API writes those that are not samples'.
#pragma once

#include <cstdint>
#include <string>

namespace vigil::server {

// RFC 3339 in UTC, with as many decimals as it takes. 0 stands for never: "0001-01-01T00:00:00Z".
std::string ApiTimeText(int64_t unix_ms);

}  // namespace vigil::server
