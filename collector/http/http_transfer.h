// SPDX-License-Identifier: Apache-2.0
//
// One GET with libcurl, from its options to its answer. Part of http_client.h, which drives it.
#pragma once

#include <array>
#include <memory>
#include <string>

#include <absl/status/status.h>
#include <curl/curl.h>

#include "base/curl_loop.h"
#include "base/http/curl_options.h"
#include "collector/http/http_client.h"

namespace vigil::collector {

// Owns all that libcurl points at meanwhile, so it stays where it is. Not thread-safe.
class HttpTransfer {
 public:
  HttpTransfer(HttpGet get, HttpClient::Done done);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Sets all options, reading files that `config` names. To be called once, before the handle is
  // used.
  absl::Status Prepare(const std::string& user_agent, const HttpConfig& config);

  CURL* handle() const { return handle_.get(); }
  // Whose token it needs before it begins; null: none.
  const std::shared_ptr<const Oauth2Config>& oauth2() const { return oauth2_; }
  // Adds the header with the token.
  void Authorize(const std::string& header);

  // Exactly one of these is called, once: with what libcurl gave, or with a status of our own.
  void Finish(CURLcode code);
  void Fail(absl::Status status);

 private:
  static size_t Receive(char* data, size_t size, size_t count, void* transfer);
  absl::StatusOr<HttpAnswer> AnswerOf(CURLcode code);

  const HttpGet get_;
  const HttpClient::Done done_;
  HttpAnswer answer_;
  bool too_large_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::shared_ptr<const Oauth2Config> oauth2_;
  CurlLists lists_;
  CurlHandle handle_;  // Goes first: it points at the others.
};

}  // namespace vigil::collector
