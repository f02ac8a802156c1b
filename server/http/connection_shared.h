// SPDX-License-Identifier: Apache-2.0
//
// What the connections of one HTTP server share; private to this folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "base/thread_pool.h"
#include "server/http/http_server.h"
#include "server/http/http_types.h"

namespace vigil::server {

// Tells one handler at work to give up.
using CancelFlag = std::shared_ptr<std::atomic<bool>>;

// The limits of a server and what its connections have taken of them. Thread-safe.
struct ConnectionShared {
  const HttpServerOptions options;
  const HttpRouter& router;
  const HttpWorkers workers;
  std::atomic<uint64_t> bytes_in_flight{0};

  // Of the handlers that workers have been given and not finished: what tells them to give up.
  Mutex mutex;
  CondVar changed;
  std::set<CancelFlag> running ABSL_GUARDED_BY(mutex);
  bool stopping ABSL_GUARDED_BY(mutex) = false;

  ThreadPool* WorkersFor(HandlerKind kind) const {
    if (kind == HandlerKind::kQuick) return nullptr;
    return kind == HandlerKind::kLong && workers.lengthy != nullptr ? workers.lengthy
                                                                    : workers.slow;
  }

  bool StartHandler(const CancelFlag& cancelled) {
    MutexLock lock(&mutex);
    if (!stopping) running.insert(cancelled);
    return !stopping;
  }
  void FinishHandler(const CancelFlag& cancelled) {
    MutexLock lock(&mutex);
    running.erase(cancelled);
    changed.notify_all();
  }
  void FinishAllHandlers() {
    MutexLock lock(&mutex);
    stopping = true;
    for (const CancelFlag& cancelled : running) cancelled->store(true);
    while (!running.empty()) changed.wait(mutex);
  }
};

// Room for the bytes of one body, given back at the end.
class BodyRoom {
 public:
  explicit BodyRoom(ConnectionShared* shared) : shared_(*shared) {}
  ~BodyRoom() { Release(); }
  BodyRoom(const BodyRoom&) = delete;
  BodyRoom& operator=(const BodyRoom&) = delete;

  // A lone body is let in whatever its size, which has its own limit.
  bool Take(uint64_t bytes) {
    const uint64_t before = shared_.bytes_in_flight.fetch_add(bytes);
    bytes_ = bytes;
    if (before == 0 || before + bytes <= shared_.options.max_bytes_in_flight) return true;
    Release();
    return false;
  }
  void Release() { shared_.bytes_in_flight.fetch_sub(std::exchange(bytes_, 0)); }

 private:
  ConnectionShared& shared_;
  uint64_t bytes_ = 0;
};

}  // namespace vigil::server
