// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/scrape_protocol.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::collector {
namespace {

struct ProtocolEntry {
  ScrapeProtocol protocol;
  std::string_view name;
  std::string_view media_type;
  ExpositionFormat format;
  bool escapes;  // The version knows the parameter `escaping`.
};

constexpr std::array<ProtocolEntry, 5> kProtocols = {{
    {ScrapeProtocol::kProtobuf, "PrometheusProto",
     "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
     ExpositionFormat::kProtobuf, true},
    {ScrapeProtocol::kText004, "PrometheusText0.0.4", "text/plain;version=0.0.4",
     ExpositionFormat::kText, false},
    {ScrapeProtocol::kText100, "PrometheusText1.0.0", "text/plain;version=1.0.0",
     ExpositionFormat::kText, true},
    {ScrapeProtocol::kOpenMetrics001, "OpenMetricsText0.0.1",
     "application/openmetrics-text;version=0.0.1", ExpositionFormat::kOpenMetrics, false},
    {ScrapeProtocol::kOpenMetrics100, "OpenMetricsText1.0.0",
     "application/openmetrics-text;version=1.0.0", ExpositionFormat::kOpenMetrics, true},
}};

constexpr std::array<std::pair<NameEscaping, std::string_view>, 4> kEscapings = {{
    {NameEscaping::kAllowUtf8, "allow-utf-8"},
    {NameEscaping::kUnderscores, "underscores"},
    {NameEscaping::kDots, "dots"},
    {NameEscaping::kValues, "values"},
}};

const ProtocolEntry& EntryOf(ScrapeProtocol protocol) {
  return kProtocols[static_cast<size_t>(protocol)];
}

// The value of a parameter of a media type, lower case; "" if it is not there.
std::string ParameterOf(std::string_view content_type, std::string_view name) {
  for (const std::string_view part : Split(content_type, ';')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || ToLower(Trim(part.substr(0, equals))) != name) continue;
    std::string_view value = Trim(part.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return ToLower(value);
  }
  return "";
}

}  // namespace

std::optional<ScrapeProtocol> ParseScrapeProtocol(std::string_view name) {
  for (const ProtocolEntry& entry : kProtocols) {
    if (entry.name == name) return entry.protocol;
  }
  return std::nullopt;
}

std::string_view ScrapeProtocolName(ScrapeProtocol protocol) { return EntryOf(protocol).name; }

std::optional<NameEscaping> ParseNameEscaping(std::string_view name) {
  for (const auto& [escaping, text] : kEscapings) {
    if (text == name) return escaping;
  }
  return std::nullopt;
}

std::string_view NameEscapingName(NameEscaping escaping) {
  return kEscapings[static_cast<size_t>(escaping)].second;
}

std::string AcceptHeader(std::span<const ScrapeProtocol> protocols, NameEscaping escaping) {
  std::string header;
  // Weights have one digit; there are five protocols at most, each once.
  size_t weight = protocols.size() + 2;
  for (const ScrapeProtocol protocol : protocols) {
    const ProtocolEntry& entry = EntryOf(protocol);
    header += entry.media_type;
    if (entry.escapes) header += fmt::format(";escaping={}", NameEscapingName(escaping));
    header += fmt::format(";q=0.{},", weight--);
  }
  return header + fmt::format("*/*;q=0.{}", weight);
}

absl::StatusOr<ExpositionFormat> FormatOf(std::string_view content_type,
                                          std::optional<ScrapeProtocol> fallback) {
  const std::string media_type = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  if (media_type == "text/plain") return ExpositionFormat::kText;
  if (media_type == "application/openmetrics-text") return ExpositionFormat::kOpenMetrics;
  if (media_type == "application/vnd.google.protobuf") {
    const std::string proto = ParameterOf(content_type, "proto");
    const std::string encoding = ParameterOf(content_type, "encoding");
    const bool fits = (proto.empty() || proto == "io.prometheus.client.metricfamily") &&
                      (encoding.empty() || encoding == "delimited");
    if (fits) return ExpositionFormat::kProtobuf;
  }
  if (fallback.has_value()) return EntryOf(*fallback).format;
  if (media_type.empty()) {
    return absl::InvalidArgumentError(
        "the answer has no Content-Type: say what it is with fallback_scrape_protocol");
  }
  return absl::InvalidArgumentError(
      fmt::format("the answer's Content-Type \"{}\" is no format of metrics: say what it is with "
                  "fallback_scrape_protocol",
                  ReplaceInvalidUtf8(content_type.substr(0, 200))));
}

}  // namespace vigil::collector
