// SPDX-License-Identifier: Apache-2.0
//
// One POST with libcurl, from its options to its outcome. Part of http_notifier.h, which drives it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "alerting/notify/notifier.h"
#include "base/curl_loop.h"

namespace vigil::alerting {

// Owns all that libcurl points at meanwhile, so it stays where it is. Not thread-safe.
class HttpTransfer {
 public:
  static std::unique_ptr<HttpTransfer> Create(const std::string& user_agent, std::string receiver,
                                              Delivery delivery,
                                              std::function<void(DeliveryOutcome)> done);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Null if libcurl had no memory for it.
  CURL* handle() const { return handle_.get(); }
  const std::string& receiver() const { return receiver_; }

  // Exactly one of these is called, once: with what libcurl gave, or with a reason of our own.
  void Finish(CURLcode code);
  void Fail(std::string_view reason);

 private:
  HttpTransfer(std::string receiver, Delivery delivery, std::function<void(DeliveryOutcome)> done);
  void SetOptions(const std::string& user_agent);
  static size_t KeepSnippet(char* data, size_t size, size_t count, void* transfer);
  DeliveryOutcome OutcomeOf(CURLcode code) const;

  const std::string receiver_;
  const Delivery delivery_;
  const std::function<void(DeliveryOutcome)> done_;
  std::string snippet_;  // The beginning of the answer.
  std::array<char, CURL_ERROR_SIZE> error_{};
  CurlList headers_;
  CurlHandle handle_;  // Goes first: it points at the others.
};

}  // namespace vigil::alerting
