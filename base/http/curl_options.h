// SPDX-License-Identifier: Apache-2.0
//
// What an HttpConfig asks for, as options of libcurl.
#pragma once

#include <string>

#include <absl/status/status.h>
#include <curl/curl.h>

#include "base/curl_loop.h"
#include "base/http/http_config.h"

namespace vigil {

// What a transfer's options point at; must live as long as its handle.
struct CurlLists {
  CurlList headers;
  CurlList connect_to;
  CurlList proxy_headers;
};

// Sets the URL, what it may be redirected to, credentials, TLS, proxy and headers. Reads the files
// that `config` names, here and now. The token of `oauth2` is to come from Oauth2Tokens and be set
// with SetHeaders. libcurl gets the headers by SetHeaders, once all are there.
absl::Status SetHttpOptions(const HttpConfig& config, const std::string& url, CURL* curl,
                            CurlLists* lists);

// The parts of it that other protocols than HTTP share.
absl::Status SetTlsOptions(const TlsConfig& tls, const std::string& url, CURL* curl,
                           CurlLists* lists);
absl::Status SetProxyOptions(const ProxyConfig& proxy, CURL* curl, CurlLists* lists);

// Hands `lists->headers` to libcurl.
void SetHeaders(CURL* curl, const CurlLists& lists);

}  // namespace vigil
