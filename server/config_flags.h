// SPDX-License-Identifier: Apache-2.0
//
// The configuration in force as the flags that a Prometheus would have been started with.
#pragma once

#include <map>
#include <string>

#include "query/exec/engine.h"
#include "server/config.h"

namespace vigil::server {

// Those that have a counterpart here.
std::map<std::string, std::string> FlagsOf(const Config& config, const exec::EngineOptions& engine);

}  // namespace vigil::server
