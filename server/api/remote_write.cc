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

HttpResponse Answer(const absl::StatusOr<collector::WriteOutcome>& outcome,
                    int64_t retry_after_ms) {
  if (!outcome.ok()) {
    HttpResponse response = WriteFailure(outcome.status(), retry_after_ms);
    response.body = fmt::format("{}\n", MessageOf(outcome.status()));
    return response;
  }
  const collector::ExportOutcome& refused = outcome->refused;
  if (refused.rejected == 0) return {204, kText, "", {}};
  return {400,
          kText,
          fmt::format("{} samples were refused, the others are stored: {}\n", refused.rejected,
                      refused.message),
          {}};
}

}  // namespace

HttpResponse ToWriteResponse(const absl::StatusOr<collector::WriteOutcome>& outcome,
                             collector::WriteVersion version, int64_t retry_after_ms) {
  HttpResponse response = Answer(outcome, retry_after_ms);
  if (version == collector::WriteVersion::kV1) return response;
  const collector::WriteOutcome stored = outcome.ok() ? *outcome : collector::WriteOutcome();
  const auto tell = [&response](std::string_view what, int64_t count) {
    response.headers.emplace_back(fmt::format("X-Prometheus-Remote-Write-{}-Written", what),
                                  fmt::to_string(count));
  };
  tell("Samples", stored.samples);
  tell("Histograms", stored.histograms);
  tell("Exemplars", stored.exemplars);
  return response;
}

void AddRemoteWrite(std::function<collector::RemoteWriteReceiver*()> receiver,
                    int64_t retry_after_ms, HttpRouter* router) {
  router->Add(
      "POST", "/api/v1/write",
      [receiver = std::move(receiver), retry_after_ms](const HttpRequest& request) {
        collector::RemoteWriteReceiver* const ready = receiver();
        const auto version = collector::WriteVersionOf(request.Header("content-type"));
        if (ready == nullptr) {
          return ToWriteResponse(absl::UnavailableError("the server is starting"), version,
                                 retry_after_ms);
        }
        const collector::WriteHeaders headers = {
            .tenant = request.Header("x-scope-orgid"),
            .content_type = request.Header("content-type"),
            .content_encoding = request.Header("content-encoding"),
        };
        return ToWriteResponse(ready->Receive(headers, request.body), version, retry_after_ms);
      },
      HandlerKind::kSlow);
}

}  // namespace vigil::server
