// SPDX-License-Identifier: Apache-2.0
#include "server/api/alertmanager_parts.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/manager/matcher_parser.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::server {
namespace {

constexpr const char kJsonType[] = "application/json";
// 0001-01-01T00:00:00Z.
constexpr int64_t kGoZeroTimeMs = -62'135'596'800'000;

int StatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

HttpResponse JsonAnswer(const std::function<void(JsonWriter&)>& write) {
  HttpResponse response;
  response.content_type = kJsonType;
  JsonWriter json(&response.body);
  write(json);
  response.body += '\n';
  return response;
}

HttpResponse JsonError(const absl::Status& status) {
  HttpResponse response = JsonAnswer([&status](JsonWriter& json) { json.Text(MessageOf(status)); });
  response.status = StatusOf(status.code());
  return response;
}

void WriteTime(std::string_view key, int64_t time_ms, JsonWriter* json) {
  json->TextMember(key, FormatInstantMs(time_ms));
}

bool Flag(const HttpRequest& request, std::string_view name) {
  const std::string_view text = request.Parameter(name);
  if (text.empty()) return true;
  constexpr std::string_view kYes[] = {"true", "1", "yes",      "ok",      "y",
                                       "on",   "t", "selected", "checked", "enabled"};
  return std::find(std::begin(kYes), std::end(kYes), ToLower(text)) != std::end(kYes);
}

absl::StatusOr<std::vector<storage::Matcher>> MatcherParameters(const HttpRequest& request,
                                                                std::string_view name) {
  std::vector<storage::Matcher> matchers;
  for (const auto& [key, text] : request.parameters) {
    if (key != name) continue;
    absl::StatusOr<std::vector<storage::Matcher>> parsed = alerting::ParseMatchers(text);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("bad matcher format: {}: {}", text, MessageOf(parsed.status())));
    }
    for (storage::Matcher& matcher : *parsed) matchers.push_back(std::move(matcher));
  }
  return matchers;
}

absl::Status ReadJsonBody(const HttpRequest& request, std::string_view what,
                          const std::function<absl::Status(std::string_view body)>& read) {
  // Browsers send other types across origins without asking.
  const std::string_view type = request.Header("content-type");
  if (!ToLower(type).starts_with(kJsonType)) {
    return absl::InvalidArgumentError(
        fmt::format("unsupported media type \"{}\", only [{}] are allowed", type, kJsonType));
  }
  try {
    return read(request.body);
  } catch (const nlohmann::json::exception& e) {
    return absl::InvalidArgumentError(
        fmt::format("parsing {} body failed, because {}", what, ReplaceInvalidUtf8(e.what())));
  }
}

absl::StatusOr<int64_t> ReadTime(std::string_view text) {
  if (text.empty()) return 0;
  constexpr size_t kDateLength = std::string_view("2006-01-02").size();
  if (text.size() == kDateLength) return ReadTime(fmt::format("{}T00:00:00Z", text));
  // Alone among what ParseInstantMs reads, RFC 3339 has a "T" or a space behind ten characters.
  const bool is_date = text.size() > 10 && text[4] == '-' && text[7] == '-';
  absl::StatusOr<int64_t> time_ms =
      is_date ? ParseInstantMs(text, 0) : absl::InvalidArgumentError("it is not a time");
  if (!time_ms.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("parsing time \"{}\": write it as 2006-01-02T15:04:05Z", text));
  }
  return *time_ms == kGoZeroTimeMs ? 0 : *time_ms;
}

}  // namespace vigil::server
