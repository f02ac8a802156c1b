// SPDX-License-Identifier: Apache-2.0
//
// The formats in which metrics are exposed over HTTP: how they are asked for and told apart.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace vigil::collector {

enum class ScrapeProtocol : uint8_t {
  kProtobuf,
  kText004,
  kText100,
  kOpenMetrics001,
  kOpenMetrics100,
};

// "PrometheusProto" and so on; nullopt for what is none.
std::optional<ScrapeProtocol> ParseScrapeProtocol(std::string_view name);
std::string_view ScrapeProtocolName(ScrapeProtocol protocol);

// How names with characters that older formats do not know are to be written.
enum class NameEscaping : uint8_t { kAllowUtf8, kUnderscores, kDots, kValues };
std::optional<NameEscaping> ParseNameEscaping(std::string_view name);
std::string_view NameEscapingName(NameEscaping escaping);

// The value of an `Accept` header that asks for the protocols, the first most of all.
std::string AcceptHeader(std::span<const ScrapeProtocol> protocols, NameEscaping escaping);

enum class ExpositionFormat : uint8_t { kText, kOpenMetrics, kProtobuf };

// The format behind a `Content-Type`; that of `fallback` for one that is missing or unknown.
// InvalidArgument if there is no fallback.
absl::StatusOr<ExpositionFormat> FormatOf(std::string_view content_type,
                                          std::optional<ScrapeProtocol> fallback);

}  // namespace vigil::collector
