// SPDX-License-Identifier: Apache-2.0
#include "server/api/remote_read.h"

#include <string>
#include <utility>

#include <snappy.h>

#include "base/status.h"
#include "server/remote_read/read_answer.h"
#include "server/remote_read/read_request.h"

namespace vigil::server {
namespace {

// Of a request, which is a few selectors.
constexpr size_t kMaxRequestBytes = 4 << 20;
// Of the labels of an answer's series, for each sample that a query may hold: as queries have it.
constexpr size_t kLabelBytesPerSample = 6;

}  // namespace

absl::StatusOr<HttpResponse> RemoteRead(const ApiParts& parts, const HttpRequest& http_request) {
  ReadSource source;
  source.storage = parts.storage;
  source.external_labels = parts.options.external_labels;
  source.max_samples = parts.engine->options().max_samples;
  source.max_label_bytes = static_cast<size_t>(source.max_samples) * kLabelBytesPerSample;
  source.cancelled = http_request.cancelled;
  VIGIL_ASSIGN_OR_RETURN(source.tenant, TenantOf(parts, http_request));
  VIGIL_ASSIGN_OR_RETURN(ReadRequest request, ParseReadRequest(http_request.body, kMaxRequestBytes,
                                                               source.external_labels));
  VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass,
                         EnterGate(parts, http_request, parts.engine->options().timeout_ms));
  HttpResponse response;
  if (request.form == ReadForm::kChunks) {
    response.content_type = kChunkedContentType;
    VIGIL_ASSIGN_OR_RETURN(response.rest, AnswerWithChunks(source, std::move(request)));
    return response;
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string answer, AnswerWithSamples(source, request));
  response.content_type = "application/x-protobuf";
  response.headers.emplace_back("Content-Encoding", "snappy");
  snappy::Compress(answer.data(), answer.size(), &response.body);
  return response;
}

}  // namespace vigil::server
