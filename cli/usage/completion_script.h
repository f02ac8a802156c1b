// SPDX-License-Identifier: Apache-2.0
//
// Scripts that teach a shell to complete the program's commands and options.
#pragma once

#include <string>

#include <CLI/App.hpp>

namespace vigil::cli {

std::string BashCompletion(const CLI::App& program);
std::string ZshCompletion(const CLI::App& program);
std::string FishCompletion(const CLI::App& program);

}  // namespace vigil::cli
