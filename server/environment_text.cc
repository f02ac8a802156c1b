// SPDX-License-Identifier: Apache-2.0
#include "server/environment_text.h"

#include <algorithm>
#include <cstdlib>

namespace vigil::server {
namespace {

constexpr std::string_view kSpecial = "*#$@!?-0123456789";

bool IsSpecial(char c) { return kSpecial.find(c) != std::string_view::npos; }

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A variable's name, and how much of the text behind the dollar sign it takes.
struct Reference {
  std::string_view name;
  size_t size = 0;
};

Reference InBraces(std::string_view text) {
  if (text.size() > 2 && IsSpecial(text[1]) && text[2] == '}') return {text.substr(1, 1), 3};
  const size_t end = text.find('}');
  if (end == std::string_view::npos) return {{}, 1};
  return {text.substr(1, end - 1), end + 1};
}

// Requires: `text` is not empty.
Reference ReferenceAt(std::string_view text) {
  if (text[0] == '{') return InBraces(text);
  if (IsSpecial(text[0])) return {text.substr(0, 1), 1};
  const auto end = std::find_if_not(text.begin(), text.end(), IsNameCharacter);
  const auto size = static_cast<size_t>(end - text.begin());
  return {text.substr(0, size), size};
}

}  // namespace

std::string ExpandVariables(std::string_view text, const VariableValue& value_of) {
  std::string expanded;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    expanded += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    const Reference reference = text.empty() ? Reference() : ReferenceAt(text);
    if (reference.name == "$" || reference.size == 0) {
      expanded += '$';
    } else if (!reference.name.empty()) {
      expanded += value_of(reference.name);
    }
    text.remove_prefix(reference.size);
  }
  return expanded;
}

std::string ExpandEnvironment(std::string_view text) {
  return ExpandVariables(text, [](std::string_view name) {
    const char* const value = std::getenv(std::string(name).c_str());
    return std::string(value == nullptr ? "" : value);
  });
}

}  // namespace vigil::server
