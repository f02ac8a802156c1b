// SPDX-License-Identifier: Apache-2.0
//
// A secret of the configuration: a text, or the name of a file that holds it.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "base/yaml_map.h"

namespace vigil {

// As it is, or in a file that is read whenever it is needed.
struct Secret {
  std::string text;
  std::string file;  // Instead of the text, if not "".

  bool given() const { return !text.empty() || !file.empty(); }
};

// What the secret says now, without white space around what a file holds. InvalidArgument for more
// than one line.
absl::StatusOr<std::string> ReadSecret(const Secret& secret);

// Takes `name` and `name_file` from `map`, of which one at most may be there. A relative path is
// relative to `directory`. False if neither is there.
bool TakeSecret(std::string_view name, std::string_view directory, YamlMap* map, YamlErrors* errors,
                Secret* secret);

// `path` as seen from `directory`.
std::string ResolvePath(std::string_view directory, const std::string& path);

}  // namespace vigil
