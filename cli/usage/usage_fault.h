// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a command line, in words that help.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>

namespace vigil::cli {

// The one of `known` that `word` was probably meant to be; "" if none is near.
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

// What to say after `program` failed to parse with `error`: the fault, perhaps what was meant, and
// where help is. Two lines.
std::string UsageFault(const CLI::App& program, const CLI::ParseError& error);

}  // namespace vigil::cli
