// SPDX-License-Identifier: Apache-2.0
#include "base/curl_loop.h"

#include <system_error>

#include <fmt/format.h>

#include "base/clock.h"

namespace vigil {
namespace {

// The longest sleep of the thread when nothing happens; libcurl's timers and Wake cut it short.
constexpr int kIdlePollMs = static_cast<int>(kMillisPerMinute);

}  // namespace

bool Append(const std::string& text, CurlList* list) {
  curl_slist* const longer = curl_slist_append(list->get(), text.c_str());
  if (longer == nullptr) return false;
  (void)list->release();  // `longer` begins with it.
  list->reset(longer);
  return true;
}

absl::StatusOr<std::unique_ptr<CurlLoop>> CurlLoop::Start(std::string_view name, CurlWork* work,
                                                          long max_kept_connections) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) {
    return absl::UnavailableError(
        fmt::format("starting {}: {}", name, curl_easy_strerror(initialised)));
  }
  MultiHandle multi(curl_multi_init());
  if (multi == nullptr) return absl::UnavailableError(fmt::format("starting {}: no memory", name));
  if (max_kept_connections > 0) {
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, max_kept_connections);
  }
  std::unique_ptr<CurlLoop> loop(new CurlLoop(work, std::move(multi)));
  try {
    loop->thread_ = std::thread([loop = loop.get()] { loop->Run(); });
  } catch (const std::system_error& e) {
    return absl::UnavailableError(fmt::format("starting the thread of {}: {}", name, e.what()));
  }
  return loop;
}

void CurlLoop::Stop() {
  stopping_.store(true);
  Wake();
  if (thread_.joinable()) thread_.join();
}

void CurlLoop::Run() {
  while (!stopping_.load()) {
    work_.TakeIn(*this);
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const handle = message->easy_handle;
      const CURLcode code = message->data.result;
      Remove(handle);
      work_.End(*this, handle, code);
    }
    if (!work_.HasWork()) curl_multi_poll(multi_.get(), nullptr, 0, kIdlePollMs, nullptr);
  }
  work_.GiveUp(*this);
}

}  // namespace vigil
