// SPDX-License-Identifier: Apache-2.0
#include "base/http/curl_options.h"

#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil {
namespace {

constexpr long kMaxRedirects = 10;

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

absl::Status AddHeaders(const std::vector<HttpHeader>& headers, std::string_view what,
                        CurlList* list) {
  for (const HttpHeader& header : headers) {
    for (const Secret& value : header.values) {
      VIGIL_ASSIGN_OR_RETURN_WITH(const std::string text, ReadSecret(value), what);
      // libcurl takes a header without a value, which "Name:" is not, with a semicolon.
      Append(text.empty() ? header.name + ";" : fmt::format("{}: {}", header.name, text), list);
    }
  }
  return absl::OkStatus();
}

absl::Status SetCredentials(const HttpConfig& config, CURL* curl, CurlLists* lists) {
  if (config.basic_auth.has_value()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string username, ReadSecret(config.basic_auth->username),
                                "basic_auth");
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string password, ReadSecret(config.basic_auth->password),
                                "basic_auth");
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, username.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, password.c_str());
  }
  if (config.authorization.has_value()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string credentials,
                                ReadSecret(config.authorization->credentials), "authorization");
    Append(fmt::format("Authorization: {} {}", config.authorization->type, credentials),
           &lists->headers);
  }
  return absl::OkStatus();
}

// libcurl expects the host of the URL. So the URL names the server, and the connection goes to the
// host that it named before, which an HTTP request still asks for.
absl::Status ExpectServer(const std::string& server_name, const std::string& text, CURL* curl,
                          CurlLists* lists) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    // It may hold a secret.
    return absl::InvalidArgumentError("the URL is malformed");
  }
  const std::string scheme = PartOf(url.get(), CURLUPART_SCHEME);
  if (scheme == "http") return absl::OkStatus();
  const std::string host = PartOf(url.get(), CURLUPART_HOST);
  const std::string given_port = PartOf(url.get(), CURLUPART_PORT);
  const std::string port = PartOf(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const std::string name = HostText(server_name);
  if (curl_url_set(url.get(), CURLUPART_HOST, name.c_str(), 0) != CURLUE_OK) {
    return absl::InvalidArgumentError(fmt::format("server_name \"{}\" is not a name", server_name));
  }
  curl_easy_setopt(curl, CURLOPT_URL, PartOf(url.get(), CURLUPART_URL).c_str());
  Append(fmt::format("{}:{}:{}:{}", name, port, host, port), &lists->connect_to);
  curl_easy_setopt(curl, CURLOPT_CONNECT_TO, lists->connect_to.get());
  if (scheme == "https") {
    Append(fmt::format("Host: {}{}{}", host, given_port.empty() ? "" : ":", given_port),
           &lists->headers);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SetHttpOptions(const HttpConfig& config, const std::string& url, CURL* curl,
                            CurlLists* lists) {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, config.follow_redirects ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  if (!config.enable_http2) {
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  }
  VIGIL_RETURN_IF_ERROR(SetCredentials(config, curl, lists));
  VIGIL_RETURN_IF_ERROR(AddHeaders(config.headers, "http_headers", &lists->headers));
  VIGIL_RETURN_IF_ERROR(SetTlsOptions(config.tls, url, curl, lists));
  return SetProxyOptions(config.proxy, curl, lists);
}

absl::Status SetTlsOptions(const TlsConfig& tls, const std::string& url, CURL* curl,
                           CurlLists* lists) {
  const auto set = [curl](const Secret& secret, CURLoption file, CURLoption blob) {
    if (!secret.file.empty()) {
      curl_easy_setopt(curl, file, secret.file.c_str());
    } else if (!secret.text.empty()) {
      curl_blob bytes = {const_cast<char*>(secret.text.data()), secret.text.size(), CURL_BLOB_COPY};
      curl_easy_setopt(curl, blob, &bytes);
    }
  };
  set(tls.ca, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB);
  set(tls.certificate, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB);
  set(tls.key, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB);
  // Only that authority counts then.
  if (tls.ca.given()) curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, tls.insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, tls.insecure_skip_verify ? 0L : 2L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                   VersionNumber(tls.min_version) | MaxVersionNumber(tls.max_version));
  return tls.server_name.empty() ? absl::OkStatus()
                                 : ExpectServer(tls.server_name, url, curl, lists);
}

absl::Status SetProxyOptions(const ProxyConfig& proxy, CURL* curl, CurlLists* lists) {
  if (!proxy.from_environment) {
    curl_easy_setopt(curl, CURLOPT_PROXY, proxy.url.c_str());  // "": none.
    curl_easy_setopt(curl, CURLOPT_NOPROXY, proxy.no_proxy.c_str());
  }
  // What is said to the server is not for the proxy to hear.
  curl_easy_setopt(curl, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  VIGIL_RETURN_IF_ERROR(
      AddHeaders(proxy.connect_headers, "proxy_connect_header", &lists->proxy_headers));
  curl_easy_setopt(curl, CURLOPT_PROXYHEADER, lists->proxy_headers.get());
  return absl::OkStatus();
}

void SetHeaders(CURL* curl, const CurlLists& lists) {
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lists.headers.get());
}

}  // namespace vigil
