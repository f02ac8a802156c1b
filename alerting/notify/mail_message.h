// SPDX-License-Identifier: Apache-2.0
//
// Mail as it goes over the wire: RFC 5322 headers, a MIME body with alternatives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vigil::alerting {

struct MailMessage {
  std::vector<std::pair<std::string, std::string>> headers;  // UTF-8.
  std::string text;                                          // "": no such part.
  std::string html;
  std::string boundary;  // Stands in neither.
};

// The message with CR LF at the ends of lines. Headers are encoded where they are not ASCII; line
// breaks in them become spaces.
std::string FormatMail(const MailMessage& message);

// "Thu, 01 Jan 2026 00:00:30 +0000"
std::string MailDate(int64_t unix_ms);

// RFC 2045's encoding, in lines of at most 76 characters.
std::string QuotedPrintable(std::string_view text);

// The addresses of `a@x, "B, C" <b@y>` without names. Nullopt if one is none.
std::optional<std::vector<std::string>> MailAddresses(std::string_view list);

}  // namespace vigil::alerting
