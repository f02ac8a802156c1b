// SPDX-License-Identifier: Apache-2.0
//
// The escaping half of builtins.h.
#include <fmt/format.h>

#include "alerting/template/builtins.h"
#include "alerting/template/literal.h"

namespace vigil::text_template {

std::string QueryEscape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      escaped += c;
    } else if (c == ' ') {
      escaped += '+';
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\0':
        escaped += "\xEF\xBF\xBD";
        break;
      case '"':
        escaped += "&#34;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string EscapeJavaScript(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '\\' || c == '\'' || c == '"') {
      escaped += '\\';
      escaped += c;
    } else if (std::string_view("<>&=").find(c) != std::string_view::npos ||
               static_cast<unsigned char>(c) < 0x20) {
      escaped += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      AppendUtf8(TakeUtf8(&text), &escaped);
      continue;
    }
    text.remove_prefix(1);
  }
  return escaped;
}

}  // namespace vigil::text_template
