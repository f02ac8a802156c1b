// SPDX-License-Identifier: Apache-2.0
//
// A thread that runs libcurl's transfers, as many at a time as its owner gives it; and what owns
// libcurl's handles.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <absl/status/statusor.h>
#include <curl/curl.h>

namespace vigil {

struct CurlHandleDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlHandleDeleter>;

struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

// False, and nothing done, if there is no memory.
bool Append(const std::string& text, CurlList* list);

class CurlLoop;

// What a CurlLoop works for. All calls come from its thread, one after the other.
class CurlWork {
 public:
  virtual ~CurlWork() = default;
  // Begins (CurlLoop::Add) what has come and may begin.
  virtual void TakeIn(CurlLoop& loop) = 0;
  // Whether TakeIn would begin something: the thread does not go to sleep then.
  virtual bool HasWork() = 0;
  // A transfer has ended by itself, and is out of the loop.
  virtual void End(CurlLoop& loop, CURL* handle, CURLcode code) = 0;
  // The loop ends: whatever runs (CurlLoop::Remove) or waits is to be given up.
  virtual void GiveUp(CurlLoop& loop) = 0;
};

class CurlLoop {
 public:
  // Initialises libcurl and begins to work for `work`, which must outlive the loop. Of ended
  // transfers as many connections are kept, 0: as many as libcurl likes. `name` says in messages
  // whose loop it is. Unavailable without memory or threads.
  static absl::StatusOr<std::unique_ptr<CurlLoop>> Start(std::string_view name, CurlWork* work,
                                                         long max_kept_connections = 0);
  ~CurlLoop() { Stop(); }
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // Ends the thread, after CurlWork::GiveUp, and soon. Owners call it before anything that the work
  // needs goes, the loop itself included: what is given up may still call Wake.
  void Stop();

  // There may be something to take in. Thread-safe.
  void Wake() { curl_multi_wakeup(multi_.get()); }

  // Begins a transfer, which the caller owns; false if libcurl has no room for it. For the thread.
  bool Add(CURL* handle) { return curl_multi_add_handle(multi_.get(), handle) == CURLM_OK; }
  // Breaks off one that was begun. For the thread.
  void Remove(CURL* handle) { curl_multi_remove_handle(multi_.get(), handle); }

 private:
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;

  CurlLoop(CurlWork* work, MultiHandle multi) : work_(*work), multi_(std::move(multi)) {}
  void Run();

  CurlWork& work_;
  const MultiHandle multi_;  // Only curl_multi_wakeup is called from other threads.
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace vigil
