// SPDX-License-Identifier: Apache-2.0
//
// What a plain scalar of YAML stands for, as the libraries behind Prometheus' files take it: YAML
// 1.1 but for numbers to the base of 60.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <yaml-cpp/yaml.h>

namespace vigil::alerting {

// A scalar that is neither quoted nor a block: only those may be something else than a text.
bool IsPlain(const YAML::Node& node);

// "12", "-0x1f", "0b101", "0o17", "017", "1_000"; none if it is something else or too large.
std::optional<int64_t> YamlInteger(std::string_view text);
// The same and "1.5", "1e3", ".inf", "-.Inf", ".nan".
std::optional<double> YamlNumber(std::string_view text);
// "true", "yes", "on", "y" and their opposites, in lower case, in capitals or with a capital.
std::optional<bool> YamlBool(std::string_view text);

}  // namespace vigil::alerting
