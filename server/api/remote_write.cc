// SPDX-License-Identifier: Apache-2.0
#include "server/api/remote_write.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "server/api/write_failure.h"

namespace vigil::server {
namespace {

constexpr const char* kText = "text/plain; charset=utf-8";

}  // namespace

HttpResponse ToWriteResponse(const absl::StatusOr<collector::ExportOutcome>& outcome,
                             int64_t retry_after_ms) {
  if (!outcome.ok()) {
    HttpResponse response = WriteFailure(outcome.status(), retry_after_ms);
    response.body = fmt::format("{}\n", MessageOf(outcome.status()));
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
            .tenant = request.Header("x-scope-orgid"),
            .content_type = request.Header("content-type"),
            .content_encoding = request.Header("content-encoding"),
        };
        return ToWriteResponse(ready->Receive(headers, request.body), retry_after_ms);
      },
      HandlerKind::kSlow);
}

}  // namespace vigil::server
