// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_response.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::server {
namespace {

constexpr const char* kJson = "application/json";
// In seconds, for those who find the server busy.
constexpr const char* kRetryAfter = "1";
// Of warnings and of infos, that an answer holds.
constexpr size_t kMaxNotes = 10;

struct ErrorKind {
  std::string_view type;
  int http_status;
};

ErrorKind KindOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return {"bad_data", 400};
    case absl::StatusCode::kNotFound:
      return {"not_found", 404};
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kResourceExhausted:
      return {"execution", 422};
    case absl::StatusCode::kCancelled:
      return {"canceled", 499};
    case absl::StatusCode::kDeadlineExceeded:
      return {"timeout", 503};
    case absl::StatusCode::kUnavailable:
      return {"unavailable", 503};
    case absl::StatusCode::kUnimplemented:
      return {"unavailable", 500};
    default:
      return {"internal", 500};
  }
}

void WriteNotes(std::string_view name, const std::vector<std::string>& notes, std::string* text) {
  if (notes.empty()) return;
  *text += fmt::format(",\"{}\":", name);
  JsonWriter json(text);
  json.BeginArray();
  const size_t shown = std::min(notes.size(), kMaxNotes);
  for (size_t i = 0; i < shown; ++i) json.Text(notes[i]);
  if (shown < notes.size()) {
    json.Text(fmt::format("{} more {} annotations omitted", notes.size() - shown,
                          name == "warnings" ? "warning" : "info"));
  }
  json.EndArray();
}

}  // namespace

std::string DataEnds(const ApiNotes& notes) {
  std::string text;
  WriteNotes("warnings", notes.warnings, &text);
  WriteNotes("infos", notes.infos, &text);
  return text + "}";
}

HttpResponse Success(const std::function<void(JsonWriter&)>& write, const ApiNotes& notes) {
  HttpResponse response{.content_type = kJson, .body = std::string(kDataBegins)};
  JsonWriter json(&response.body);
  write(json);
  response.body += DataEnds(notes);
  return response;
}

HttpResponse NoData() { return {.status = 204}; }

HttpResponse ErrorResponse(const absl::Status& status) {
  const ErrorKind kind = KindOf(status.code());
  HttpResponse response{.status = kind.http_status, .content_type = kJson};
  JsonWriter json(&response.body);
  json.BeginObject();
  json.Key("status");
  json.Text("error");
  json.Key("errorType");
  json.Text(kind.type);
  json.Key("error");
  json.Text(MessageOf(status));
  json.EndObject();
  if (absl::IsUnavailable(status)) response.headers.emplace_back("Retry-After", kRetryAfter);
  return response;
}

HttpResponse ToResponse(absl::StatusOr<HttpResponse> outcome) {
  return outcome.ok() ? *std::move(outcome) : ErrorResponse(outcome.status());
}

absl::Status InvalidParameter(std::string_view name, std::string_view message) {
  return absl::InvalidArgumentError(fmt::format("invalid parameter \"{}\": {}", name, message));
}

absl::Status AboutParameter(std::string_view name, const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return status;
  return InvalidParameter(name, MessageOf(status));
}

}  // namespace vigil::server
