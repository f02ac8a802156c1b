// SPDX-License-Identifier: Apache-2.0
//
// Tests driven by text. A script is a list of cases:
//
//   # a comment
//   command argument key=value
//   input lines
//   ----
//   expected output
//   (an empty line ends it; output with empty lines stands between two lines "----" instead)
//
// The handler turns command and input into output, which must be what the script says. With
// VIGIL_REWRITE=1 in the environment (./test --rewrite) the script is written anew with what came
// out, so that a change of behaviour is reviewed as a diff.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::testing {

struct TextCase {
  std::string command;            // First word of the first line.
  std::vector<std::string> args;  // Its other words; double quotes hold words with spaces together.
  std::string input;              // Lines before "----", with their newlines but the last.
  std::string location;           // "file:line", for messages.

  // The value of the argument `key=value`, or `fallback`.
  std::string Arg(std::string_view key, std::string_view fallback = {}) const;
};

using TextHandler = std::function<std::string(const TextCase&)>;

// Runs the script at `path` (relative to the workspace) through `handler`, failing the running
// GoogleTest test at each difference.
void RunTextScript(const std::string& path, const TextHandler& handler);

}  // namespace vigil::testing
