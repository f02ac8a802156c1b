// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/mail_message.h"

#include <algorithm>

#include <absl/strings/escaping.h>
#include <absl/time/time.h>
#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::alerting {
namespace {

constexpr size_t kMaxLine = 76;
// Bytes of a header that make one encoded word: in base64, with what stands around it, a line.
constexpr size_t kWordBytes = 42;

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

// RFC 2047: "=?utf-8?b?...?=", word by word.
std::string EncodeHeader(std::string_view text) {
  std::string plain(text);
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  if (IsAscii(plain)) return plain;
  std::string encoded;
  std::string_view rest = plain;
  while (!rest.empty()) {
    size_t end = std::min(kWordBytes, rest.size());
    // Not in the middle of a character.
    while (end < rest.size() && end > 1 && (rest[end] & 0xC0) == 0x80) --end;
    if (!encoded.empty()) encoded += "\r\n ";
    encoded += fmt::format("=?utf-8?b?{}?=", absl::Base64Escape(std::string(rest.substr(0, end))));
    rest.remove_prefix(end);
  }
  return encoded;
}

// Names in front of addresses are encoded, the addresses are not.
std::string EncodeAddressHeader(std::string_view text) {
  if (IsAscii(text)) return EncodeHeader(text);
  const size_t bracket = text.rfind('<');
  if (bracket == std::string_view::npos) return EncodeHeader(text);
  return fmt::format("{} {}", EncodeHeader(Trim(text.substr(0, bracket))),
                     EncodeHeader(text.substr(bracket)));
}

bool IsAddressHeader(std::string_view name) {
  const std::string lower = ToLower(name);
  return lower == "from" || lower == "to" || lower == "cc" || lower == "reply-to";
}

void AppendPart(std::string_view type, std::string_view text, const std::string& boundary,
                std::string* mail) {
  if (text.empty()) return;
  *mail += fmt::format(
      "--{}\r\nContent-Transfer-Encoding: quoted-printable\r\n"
      "Content-Type: {}; charset=UTF-8\r\n\r\n{}\r\n",
      boundary, type, QuotedPrintable(text));
}

bool IsAddress(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == ',' || c == 0x7F;
  });
}

// `entry` is "a@x" or "Name <a@x>".
std::string_view AddressOf(std::string_view entry) {
  const size_t open = entry.rfind('<');
  if (open == std::string_view::npos) return Trim(entry);
  const size_t close = entry.find('>', open);
  if (close == std::string_view::npos) return {};
  return Trim(entry.substr(open + 1, close - open - 1));
}

}  // namespace

std::string QuotedPrintable(std::string_view text) {
  std::string out;
  size_t line = 0;
  const auto put = [&](std::string_view piece) {
    if (line + piece.size() > kMaxLine - 1) {
      out += "=\r\n";
      line = 0;
    }
    out += piece;
    line += piece.size();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (c == '\n') {
      out += "\r\n";
      line = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    const bool plain = (c > ' ' && c < 0x7F && c != '=') || ((c == ' ' || c == '\t') && !ends_line);
    // A dot alone on a line would end the message for a careless server.
    if (plain && !(c == '.' && line == 0)) {
      put(std::string_view(&c, 1));
    } else {
      put(fmt::format("={:02X}", static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::string FormatMail(const MailMessage& message) {
  std::string mail;
  for (const auto& [name, value] : message.headers) {
    mail += fmt::format("{}: {}\r\n", name,
                        IsAddressHeader(name) ? EncodeAddressHeader(value) : EncodeHeader(value));
  }
  mail +=
      fmt::format("MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary={}\r\n\r\n",
                  message.boundary);
  AppendPart("text/plain", message.text, message.boundary, &mail);
  AppendPart("text/html", message.html, message.boundary, &mail);
  mail += fmt::format("--{}--\r\n", message.boundary);
  return mail;
}

std::string MailDate(int64_t unix_ms) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", absl::FromUnixMillis(unix_ms),
                          absl::UTCTimeZone());
}

std::optional<std::vector<std::string>> MailAddresses(std::string_view list) {
  std::vector<std::string> addresses;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size() && list[i] == '"') quoted = !quoted;
    if (i < list.size() && (list[i] != ',' || quoted)) continue;
    const std::string_view address = AddressOf(list.substr(begin, i - begin));
    if (!IsAddress(address)) return std::nullopt;
    addresses.emplace_back(address);
    begin = i + 1;
  }
  return addresses;
}

}  // namespace vigil::alerting
