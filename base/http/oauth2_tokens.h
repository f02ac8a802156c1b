// SPDX-License-Identifier: Apache-2.0
//
// Tokens of OAuth 2's client credentials: fetched when they are needed, kept until they expire.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include <curl/curl.h>

#include "base/curl_loop.h"
#include "base/http/http_config.h"

namespace vigil {

// Works on the thread of a CurlLoop, whose owner hands on what is not its own. Not thread-safe.
class Oauth2Tokens {
 public:
  // Gets the header "Authorization: ...". Unavailable if no token can be had now.
  using Use = std::function<void(CurlLoop& loop, absl::StatusOr<std::string> header)>;

  Oauth2Tokens();
  ~Oauth2Tokens();
  Oauth2Tokens(const Oauth2Tokens&) = delete;
  Oauth2Tokens& operator=(const Oauth2Tokens&) = delete;

  // Calls `use` with a token: at once if one is there, else when it has come.
  void Get(CurlLoop& loop, const std::shared_ptr<const Oauth2Config>& config, Use use);

  // To be called with each transfer that ends. False if it was not one of these.
  bool End(CurlLoop& loop, CURL* handle, CURLcode code);

  // A server did not take the token: the next Get fetches another.
  void Forget(const Oauth2Config& config);

  // Breaks off what is under way; whoever waits is told.
  void GiveUp(CurlLoop& loop);

 private:
  struct Token;
  struct Fetch;

  absl::Status Begin(CurlLoop& loop, const std::string& key,
                     const std::shared_ptr<const Oauth2Config>& config, bool in_body);
  void Tell(CurlLoop& loop, const std::string& key, const absl::StatusOr<std::string>& header);

  std::map<std::string, Token> tokens_;
  std::map<std::string, std::vector<Use>> waiting_;  // Each with a fetch under way.
  std::map<CURL*, std::unique_ptr<Fetch>> fetches_;
};

}  // namespace vigil
