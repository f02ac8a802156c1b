// SPDX-License-Identifier: Apache-2.0
#include "server/api/remote_write.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"

namespace vigil::server {
namespace {

constexpr const char* kText = "text/plain; charset=utf-8";

std::string_view Header(const HttpRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view() : found->second;
}

int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kOutOfRange:
      return 413;
    case absl::StatusCode::kUnimplemented:
      return 415;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    default:
      return 503;  // Nothing was stored; senders try again.
  }
}

}  // namespace

HttpResponse ToWriteResponse(const absl::StatusOr<collector::ExportOutcome>& outcome,
                             int64_t retry_after_ms) {
  if (!outcome.ok()) {
    HttpResponse response{HttpStatusOf(outcome.status()),
                          kText,
                          fmt::format("{}\n", MessageOf(outcome.status())),
                          {}};
    if (response.status == 429 || response.status == 503) {
      const int64_t seconds = (retry_after_ms + kMillisPerSecond - 1) / kMillisPerSecond;
      response.headers.emplace_back("Retry-After", fmt::to_string(std::max<int64_t>(1, seconds)));
    }
    return response;
  }
  if (outcome->rejected == 0) return {204, kText, "", {}};
  return {400,
          kText,
          fmt::format("{} samples were refused, the others are stored: {}\n", outcome->rejected,
                      outcome->message),
          {}};
}

void AddRemoteWrite(std::function<collector::RemoteWriteReceiver*()> receiver,
                    int64_t retry_after_ms, HttpRouter* router) {
  router->Add(
      "POST", "/api/v1/write",
      [receiver = std::move(receiver), retry_after_ms](const HttpRequest& request) {
        collector::RemoteWriteReceiver* const ready = receiver();
        if (ready == nullptr) {
          return ToWriteResponse(absl::UnavailableError("the server is starting"), retry_after_ms);
        }
        const collector::WriteHeaders headers = {
            .tenant = Header(request, "x-scope-orgid"),
            .content_type = Header(request, "content-type"),
            .content_encoding = Header(request, "content-encoding"),
        };
        return ToWriteResponse(ready->Receive(headers, request.body), retry_after_ms);
      },
      HandlerKind::kSlow);
}

}  // namespace vigil::server
