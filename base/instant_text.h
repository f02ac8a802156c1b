// SPDX-License-Identifier: Apache-2.0
//
// Instants as Go marshals them to JSON, which Prometheus and Alertmanager do.
#pragma once

#include <cstdint>
#include <string>

namespace vigil {

// RFC 3339 in UTC, with as many decimals as it takes.
std::string ShortInstantText(int64_t unix_ms);

}  // namespace vigil
