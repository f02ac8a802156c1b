// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http_transfer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

constexpr int64_t kMaxTimeoutMs = kMillisPerDay;  // Fits libcurl's arithmetic.
constexpr long kMaxRedirects = 10;

// What the secret says now.
absl::StatusOr<std::string> TextOf(const Secret& secret) {
  if (secret.file.empty()) return secret.text;
  VIGIL_ASSIGN_OR_RETURN(const std::string text, ReadFile(secret.file));
  const std::string_view trimmed = Trim(text);
  if (trimmed.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return absl::InvalidArgumentError(fmt::format("{} has more than one line", secret.file));
  }
  return std::string(trimmed);
}

bool IsGiven(const Secret& secret) { return !secret.text.empty() || !secret.file.empty(); }

long VersionNumber(TlsVersion version) {
  switch (version) {
    case TlsVersion::kTls10:
      return CURL_SSLVERSION_TLSv1_0;
    case TlsVersion::kTls11:
      return CURL_SSLVERSION_TLSv1_1;
    case TlsVersion::kTls13:
      return CURL_SSLVERSION_TLSv1_3;
    case TlsVersion::kDefault:
    case TlsVersion::kTls12:
      break;
  }
  return CURL_SSLVERSION_TLSv1_2;
}

long MaxVersionNumber(TlsVersion version) {
  switch (version) {
    case TlsVersion::kTls10:
      return CURL_SSLVERSION_MAX_TLSv1_0;
    case TlsVersion::kTls11:
      return CURL_SSLVERSION_MAX_TLSv1_1;
    case TlsVersion::kTls12:
      return CURL_SSLVERSION_MAX_TLSv1_2;
    case TlsVersion::kTls13:
      return CURL_SSLVERSION_MAX_TLSv1_3;
    case TlsVersion::kDefault:
      break;
  }
  return CURL_SSLVERSION_MAX_DEFAULT;
}

// `name` as the host of a URL.
std::string HostText(const std::string& name) {
  return name.find(':') == std::string::npos ? name : fmt::format("[{}]", name);
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string PartOf(CURLU* url, CURLUPart part, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

HttpTransfer::HttpTransfer(HttpGet get, HttpClient::Done done)
    : get_(std::move(get)), done_(std::move(done)), handle_(curl_easy_init()) {}

absl::Status HttpTransfer::Prepare(const std::string& user_agent, const HttpConfig& config) {
  CURL* const curl = handle_.get();
  if (curl == nullptr) return absl::ResourceExhaustedError("libcurl has no memory");
  const int64_t timeout_ms = std::clamp<int64_t>(get_.timeout_ms, 1, kMaxTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_URL, get_.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, config.follow_redirects ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // A name that does not resolve delays no exit.
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, get_.compression ? "gzip" : nullptr);
  if (!config.enable_http2) {
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &HttpTransfer::Receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  for (const std::string& header : get_.headers) Append(header, &headers_);
  if (!get_.compression) Append("Accept-Encoding: identity", &headers_);
  VIGIL_RETURN_IF_ERROR(SetCredentials(config));
  VIGIL_RETURN_IF_ERROR(SetTls(config.tls));
  SetProxy(config);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
  return absl::OkStatus();
}

absl::Status HttpTransfer::SetCredentials(const HttpConfig& config) {
  if (config.basic_auth.has_value()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string username, TextOf(config.basic_auth->username),
                                "basic_auth");
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string password, TextOf(config.basic_auth->password),
                                "basic_auth");
    curl_easy_setopt(handle_.get(), CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(handle_.get(), CURLOPT_USERNAME, username.c_str());
    curl_easy_setopt(handle_.get(), CURLOPT_PASSWORD, password.c_str());
  }
  if (config.authorization.has_value()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string credentials,
                                TextOf(config.authorization->credentials), "authorization");
    Append(fmt::format("Authorization: {} {}", config.authorization->type, credentials), &headers_);
  }
  for (const HttpHeader& header : config.headers) {
    for (const Secret& value : header.values) {
      VIGIL_ASSIGN_OR_RETURN_WITH(const std::string text, TextOf(value), "http_headers");
      // libcurl takes a header without a value, which "Name:" is not, with a semicolon.
      Append(text.empty() ? header.name + ";" : fmt::format("{}: {}", header.name, text),
             &headers_);
    }
  }
  return absl::OkStatus();
}

absl::Status HttpTransfer::SetTls(const TlsConfig& tls) {
  CURL* const curl = handle_.get();
  const auto set_blob = [curl](CURLoption option, const std::string& text) {
    curl_blob blob = {const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
    curl_easy_setopt(curl, option, &blob);
  };
  const auto set = [&](const Secret& secret, CURLoption file, CURLoption blob) {
    if (!secret.file.empty()) {
      curl_easy_setopt(curl, file, secret.file.c_str());
    } else if (!secret.text.empty()) {
      set_blob(blob, secret.text);
    }
  };
  set(tls.ca, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB);
  set(tls.certificate, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB);
  set(tls.key, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB);
  // Only that authority counts then.
  if (IsGiven(tls.ca)) curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, tls.insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, tls.insecure_skip_verify ? 0L : 2L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                   VersionNumber(tls.min_version) | MaxVersionNumber(tls.max_version));
  return tls.server_name.empty() ? absl::OkStatus() : ExpectServer(tls.server_name);
}

// libcurl expects the host of the URL. So the URL names the server, and the connection goes to the
// host that it named before, which the request still asks for.
absl::Status HttpTransfer::ExpectServer(const std::string& server_name) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, get_.url.c_str(), 0) != CURLUE_OK) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is not a URL", get_.url));
  }
  if (PartOf(url.get(), CURLUPART_SCHEME) != "https") return absl::OkStatus();
  const std::string host = PartOf(url.get(), CURLUPART_HOST);
  const std::string given_port = PartOf(url.get(), CURLUPART_PORT);
  const std::string port = PartOf(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const std::string name = HostText(server_name);
  if (curl_url_set(url.get(), CURLUPART_HOST, name.c_str(), 0) != CURLUE_OK) {
    return absl::InvalidArgumentError(fmt::format("server_name \"{}\" is not a name", server_name));
  }
  curl_easy_setopt(handle_.get(), CURLOPT_URL, PartOf(url.get(), CURLUPART_URL).c_str());
  Append(fmt::format("{}:{}:{}:{}", name, port, host, port), &connect_to_);
  curl_easy_setopt(handle_.get(), CURLOPT_CONNECT_TO, connect_to_.get());
  Append(fmt::format("Host: {}{}{}", host, given_port.empty() ? "" : ":", given_port), &headers_);
  return absl::OkStatus();
}

void HttpTransfer::SetProxy(const HttpConfig& config) {
  if (config.proxy_from_environment) return;
  curl_easy_setopt(handle_.get(), CURLOPT_PROXY, config.proxy_url.c_str());  // "": none.
  curl_easy_setopt(handle_.get(), CURLOPT_NOPROXY, config.no_proxy.c_str());
}

size_t HttpTransfer::Receive(char* data, size_t size, size_t count, void* transfer) {
  auto* const self = static_cast<HttpTransfer*>(transfer);
  const size_t bytes = size * count;
  if (self->answer_.body.size() + bytes > self->get_.max_body_bytes) {
    self->too_large_ = true;
    return 0;  // Ends the transfer.
  }
  self->answer_.body.append(data, bytes);
  return bytes;
}

absl::StatusOr<HttpAnswer> HttpTransfer::AnswerOf(CURLcode code) {
  if (too_large_) {
    return absl::ResourceExhaustedError(
        fmt::format("body size limit exceeded: the answer is over {} bytes", get_.max_body_bytes));
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return absl::DeadlineExceededError(fmt::format("no answer within {} ms", get_.timeout_ms));
  }
  if (code != CURLE_OK) {
    const std::string_view told = Trim(error_.data());
    return absl::UnavailableError(told.empty() ? std::string(curl_easy_strerror(code))
                                               : ReplaceInvalidUtf8(told));
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return absl::UnavailableError(fmt::format("server returned HTTP status {}", status));
  }
  const char* content_type = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_TYPE, &content_type);
  if (content_type != nullptr) answer_.content_type = content_type;
  return std::move(answer_);
}

void HttpTransfer::Finish(CURLcode code) { done_(AnswerOf(code)); }

void HttpTransfer::Fail(absl::Status status) { done_(std::move(status)); }

}  // namespace vigil::collector
