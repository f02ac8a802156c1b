// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/http_fetch.h"

#include <curl/curl.h>

#include <memory>

#include <fmt/format.h>

namespace vigil::collector {
namespace {

struct Sink {
  std::string body;
  size_t max_bytes = 0;
};

size_t Receive(char* data, size_t size, size_t count, void* user) {
  auto* const sink = static_cast<Sink*>(user);
  const size_t bytes = size * count;
  if (sink->body.size() + bytes > sink->max_bytes) return 0;  // Ends the transfer.
  sink->body.append(data, bytes);
  return bytes;
}

}  // namespace

absl::StatusOr<Fetched> HttpFetch(const std::string& url, const std::vector<std::string>& headers,
                                  int64_t timeout_ms, size_t max_body_bytes) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
      initialized == CURLE_OK ? curl_easy_init() : nullptr, &curl_easy_cleanup);
  if (curl == nullptr) return absl::InternalError("libcurl does not start");
  curl_slist* list = nullptr;
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> header_list(
      list, &curl_slist_free_all);
  Sink sink;
  sink.max_bytes = max_body_bytes;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, header_list.get());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Receive);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &sink);
  const CURLcode result = curl_easy_perform(curl.get());
  if (result == CURLE_OPERATION_TIMEDOUT) {
    return absl::DeadlineExceededError(fmt::format("no answer within {} ms", timeout_ms));
  }
  if (result == CURLE_WRITE_ERROR) {
    return absl::UnavailableError(fmt::format("the answer is over {} bytes", max_body_bytes));
  }
  if (result != CURLE_OK) return absl::UnavailableError(curl_easy_strerror(result));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return absl::UnavailableError(fmt::format("the answer was HTTP {}", status));
  const char* content_type = nullptr;
  curl_easy_getinfo(curl.get(), CURLINFO_CONTENT_TYPE, &content_type);
  return Fetched{std::move(sink.body), content_type == nullptr ? "" : content_type};
}

}  // namespace vigil::collector
