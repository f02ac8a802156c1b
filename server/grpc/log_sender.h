// SPDX-License-Identifier: Apache-2.0
//
// The sending half of a Logs call: takes messages from whatever thread has some and sends them one
// after the other, while no thread waits for the client.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include <grpcpp/grpcpp.h>

#include "base/mutex.h"
#include "proto/vigil/v1/query.pb.h"

namespace vigil::server {

// Thread-safe. gRPC keeps it alive until the call is done, whoever holds a pointer beyond that.
class LogSender final : public grpc::ServerWriteReactor<v1::LogsResponse> {
 public:
  // What may wait for the client to read.
  static constexpr size_t kMaxQueuedBytes = 4 << 20;

  // `context` is the call's.
  static std::shared_ptr<LogSender> Start(grpc::CallbackServerContext* context);

  // Queues a message; false when the call has ended.
  bool Send(v1::LogsResponse message);
  // Waits until there is room for more; false when the call has ended, or when the client has not
  // read anything for `patience`.
  bool WaitForRoom(std::chrono::milliseconds patience);
  bool HasRoom() const;

  // Ends the call: once everything queued is sent if `status` is OK, at once otherwise. The first
  // call of it counts.
  void End(const grpc::Status& status);
  bool ended() const;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  explicit LogSender(grpc::CallbackServerContext* context) : context_(*context) {}
  bool EndedLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishLocked(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CallbackServerContext& context_;
  mutable Mutex mutex_;
  CondVar sent_;
  std::deque<v1::LogsResponse> queue_ ABSL_GUARDED_BY(mutex_);  // The first is being written.
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<LogSender> self_ ABSL_GUARDED_BY(mutex_);  // Until the call is done.
};

}  // namespace vigil::server
