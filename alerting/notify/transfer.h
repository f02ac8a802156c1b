// SPDX-License-Identifier: Apache-2.0
//
// One delivery with libcurl, from its options to its outcome. Part of curl_notifier.h, which drives
// it; http_transfer.h and mail_transfer.h are the two kinds.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <curl/curl.h>

#include "alerting/notify/notifier.h"
#include "base/curl_loop.h"
#include "base/http/curl_options.h"

namespace vigil::alerting {

// Owns all that libcurl points at meanwhile, so it stays where it is. Not thread-safe.
class Transfer {
 public:
  using Done = std::function<void(DeliveryOutcome)>;

  Transfer(std::string lane, Delivery delivery, Done done);
  virtual ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Sets all options, reading files that the configuration names. To be called once, first.
  absl::Status Prepare(const std::string& user_agent);

  CURL* handle() const { return handle_.get(); }
  const std::string& lane() const { return lane_; }
  // Whose token it needs before it begins; null: none.
  const std::shared_ptr<const Oauth2Config>& oauth2() const { return oauth2_; }
  // Adds the header with the token.
  void Authorize(const std::string& header);

  // Exactly one of these is called, once: with what libcurl gave, or with a reason of our own.
  void Finish(CURLcode code) { done_(OutcomeOf(code)); }
  void Fail(const absl::Status& status);

 protected:
  virtual absl::Status SetOptions(const std::string& user_agent) = 0;
  virtual DeliveryOutcome OutcomeOf(CURLcode code) const = 0;
  // What libcurl says about a failure.
  std::string ErrorText(CURLcode code) const;

  const std::string lane_;
  const Delivery delivery_;
  const Done done_;
  std::string answer_;  // Its beginning.
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::shared_ptr<const Oauth2Config> oauth2_;
  CurlLists lists_;
  CurlHandle handle_;  // Goes first: it points at the others.

 private:
  static size_t KeepAnswer(char* data, size_t size, size_t count, void* transfer);
};

}  // namespace vigil::alerting
