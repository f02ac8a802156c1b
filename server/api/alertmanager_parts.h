// SPDX-License-Identifier: Apache-2.0
//
// What the endpoints of Alertmanager's API (version 2) share. An endpoint is a function from a
// request to an answer or an error.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/manager/alert_manager.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "server/http/http_types.h"
#include "storage/series/matcher.h"

namespace vigil::server {

// All borrowed; all must outlive the routes.
struct AlertmanagerParts {
  alerting::AlertManager* manager = nullptr;
  const Clock* clock = nullptr;
  std::function<void()> wake;  // Something may be due now.
  std::string version;
  int64_t started_at_ms = 0;
};

using AlertmanagerEndpoint = absl::StatusOr<HttpResponse>(const AlertmanagerParts& parts,
                                                          const HttpRequest& request);

// 200 with the JSON that `write` writes.
HttpResponse JsonAnswer(const std::function<void(JsonWriter&)>& write);
// An error as the API tells it: its message as a JSON string. InvalidArgument is 400, NotFound 404,
// Unavailable 503, others are 500.
HttpResponse JsonError(const absl::Status& status);

// Milliseconds as the API writes times.
void WriteTime(std::string_view key, int64_t time_ms, JsonWriter* json);

// A parameter that is true or false, and true if it is absent.
bool Flag(const HttpRequest& request, std::string_view name);
// The matchers of all parameters of that name.
absl::StatusOr<std::vector<storage::Matcher>> MatcherParameters(const HttpRequest& request,
                                                                std::string_view name);

// Reads the body of a POST, which must be JSON, and has `read` take it apart, which may throw what
// nlohmann throws. InvalidArgument says what is wrong with it.
absl::Status ReadJsonBody(const HttpRequest& request, std::string_view what,
                          const std::function<absl::Status(std::string_view body)>& read);

// Unix milliseconds of a time as the API writes it; 0 for year 1, by which Go programs say that
// there is none.
absl::StatusOr<int64_t> ReadTime(std::string_view text);

}  // namespace vigil::server
