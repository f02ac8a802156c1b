// SPDX-License-Identifier: Apache-2.0
#include "server/config_text.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"

namespace vigil::server {
namespace {

// Parts of keys whose values nobody is to see. A key that ends in "_file" names a file only.
constexpr std::string_view kSecretWords[] = {"password", "secret",  "token", "credentials",
                                             "api_key",  "headers", "cookie"};

bool IsSecret(std::string_view key) {
  const std::string lower = ToLower(key);
  if (lower.ends_with("_file")) return false;
  return std::any_of(
      std::begin(kSecretWords), std::end(kSecretWords),
      [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// `text` without the password of a URL, as proxies have them.
std::string WithoutPassword(const std::string& text) {
  const size_t begin = text.find("://");
  if (begin == std::string::npos) return text;
  const size_t host = begin + 3;
  const size_t at = text.substr(0, text.find('/', host)).rfind('@');
  const size_t colon = text.find(':', host);
  if (at == std::string::npos || at < host || colon > at) return text;
  return text.substr(0, colon + 1) + "<secret>" + text.substr(at);
}

// Shows a scalar unless its text is a key.
void EmitScalar(const YAML::Node& node, bool hide, YAML::Emitter* out) {
  const std::string& text = node.Scalar();
  if (hide || text.find("PRIVATE KEY") != std::string::npos) {
    *out << "<secret>";
  } else if (const std::string shown = WithoutPassword(text); shown != text) {
    *out << shown;
  } else {
    *out << node;
  }
}

void Emit(const YAML::Node& node, bool hide, YAML::Emitter* out) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      *out << YAML::BeginMap;
      for (const auto& entry : node) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
        *out << YAML::Key << entry.first << YAML::Value;
        Emit(entry.second, hide || IsSecret(key), out);
      }
      *out << YAML::EndMap;
      return;
    case YAML::NodeType::Sequence:
      *out << YAML::BeginSeq;
      for (const YAML::Node& item : node) Emit(item, hide, out);
      *out << YAML::EndSeq;
      return;
    case YAML::NodeType::Scalar:
      EmitScalar(node, hide, out);
      return;
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      *out << YAML::Null;
  }
}

}  // namespace

std::string PublicConfigText(const YAML::Node& root) {
  if (!root.IsDefined() || root.IsNull()) return "";
  YAML::Emitter out;
  Emit(root, false, &out);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace vigil::server
