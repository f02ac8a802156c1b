// SPDX-License-Identifier: Apache-2.0
//
// All Logs calls of a server: what they ask of the past runs on a few threads, and one thread looks
// for news for all who follow.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread_pool.h"
#include "proto/vigil/v1/query.pb.h"
#include "server/grpc/log_sender.h"
#include "server/grpc/log_stream.h"
#include "server/query_gate.h"
#include "storage/storage.h"

namespace vigil::server {

// Thread-safe. Everything it is given must outlive it, and the gRPC server be shut down before it
// is destroyed.
class LogCalls {
 public:
  LogCalls(storage::Storage* storage, const Clock* clock, QueryGate* gate);
  ~LogCalls();

  // Serves a call: gives records until they are told and, for a follower, what comes until the
  // client is gone or Close.
  std::shared_ptr<LogSender> Serve(grpc::CallbackServerContext* context,
                                   const v1::LogsRequest& request);

  size_t followers() const;

  // Ends those that follow and refuses who comes.
  void Close();

 private:
  struct Call;
  using Calls = std::vector<std::shared_ptr<Call>>;

  absl::Status Run(Call& call);
  absl::Status Follow(const std::shared_ptr<Call>& call);
  void Watch();
  // Tells a follower the news; false when it is to be forgotten.
  bool TellNews(Call& call);

  storage::Storage& storage_;
  const Clock& clock_;
  QueryGate& gate_;
  mutable Mutex mutex_;
  CondVar changed_;
  Calls followers_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  ThreadPool workers_;
  std::thread watcher_;
};

}  // namespace vigil::server
