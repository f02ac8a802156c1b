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

// What is one in an Alertmanager configuration beside these: whoever knows such an address or key
// can send in our name. `section` is the list that the key is in.
bool IsReceiverSecret(std::string_view key, std::string_view section) {
  return (key == "url" && (section == "webhook_configs" || section == "incidentio_configs")) ||
         (key == "api_url" && section == "slack_configs") || key == "slack_api_url" ||
         key.ends_with("webhook_url") || key == "routing_key" || key == "service_key";
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

class Emission {
 public:
  Emission(bool of_receivers, YAML::Emitter* out) : of_receivers_(of_receivers), out_(*out) {}

  void Emit(const YAML::Node& node, bool hide, std::string_view section) {
    switch (node.Type()) {
      case YAML::NodeType::Map:
        return EmitMap(node, hide, section);
      case YAML::NodeType::Sequence:
        out_ << YAML::BeginSeq;
        for (const YAML::Node& item : node) Emit(item, hide, section);
        out_ << YAML::EndSeq;
        return;
      case YAML::NodeType::Scalar:
        return EmitScalar(node, hide, &out_);
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        out_ << YAML::Null;
    }
  }

 private:
  void EmitMap(const YAML::Node& node, bool hide, std::string_view section) {
    out_ << YAML::BeginMap;
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const bool is_list = entry.second.IsSequence();
      const bool secret =
          hide || IsSecret(key) || (of_receivers_ && IsReceiverSecret(key, section));
      out_ << YAML::Key << entry.first << YAML::Value;
      Emit(entry.second, secret, is_list ? std::string_view(key) : section);
    }
    out_ << YAML::EndMap;
  }

  const bool of_receivers_;
  YAML::Emitter& out_;
};

std::string Text(const YAML::Node& root, bool of_receivers) {
  if (!root.IsDefined() || root.IsNull()) return "";
  YAML::Emitter out;
  Emission(of_receivers, &out).Emit(root, false, "");
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace

std::string PublicConfigText(const YAML::Node& root) { return Text(root, false); }

absl::StatusOr<std::string> PublicAlertmanagerText(const std::string& yaml) {
  try {
    return Text(YAML::Load(yaml), true);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace vigil::server
