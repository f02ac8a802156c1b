// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/log_sender.h"

#include <utility>

namespace vigil::server {

std::shared_ptr<LogSender> LogSender::Start(grpc::CallbackServerContext* context) {
  std::shared_ptr<LogSender> sender(new LogSender(context));
  MutexLock lock(&sender->mutex_);
  sender->self_ = sender;
  return sender;
}

bool LogSender::EndedLocked() const { return cancelled_ || finished_ || end_.has_value(); }

bool LogSender::ended() const {
  MutexLock lock(&mutex_);
  return EndedLocked();
}

bool LogSender::Send(v1::LogsResponse message) {
  MutexLock lock(&mutex_);
  if (EndedLocked()) return false;
  queued_bytes_ += message.ByteSizeLong();
  queue_.push_back(std::move(message));
  if (!std::exchange(writing_, true)) StartWrite(&queue_.front());
  return true;
}

bool LogSender::HasRoom() const {
  MutexLock lock(&mutex_);
  return queued_bytes_ < kMaxQueuedBytes;
}

bool LogSender::WaitForRoom(std::chrono::milliseconds patience) {
  MutexLock lock(&mutex_);
  while (!EndedLocked() && queued_bytes_ >= kMaxQueuedBytes) {
    const size_t before = queue_.size();
    const auto give_up_at = std::chrono::steady_clock::now() + patience;
    while (!EndedLocked() && queue_.size() == before) {
      if (sent_.wait_until(mutex_, give_up_at) == std::cv_status::timeout) {
        if (queue_.size() == before) return false;
      }
    }
  }
  return !EndedLocked();
}

void LogSender::End(const grpc::Status& status) {
  MutexLock lock(&mutex_);
  if (EndedLocked()) return;
  end_ = status;
  sent_.notify_all();
  if (!writing_) return FinishLocked(status);
  // The write that is under way ends first. It may wait for a client that does not read.
  if (!status.ok()) context_.TryCancel();
}

void LogSender::FinishLocked(const grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  queue_.clear();
  Finish(status);
}

void LogSender::OnWriteDone(bool ok) {
  MutexLock lock(&mutex_);
  queued_bytes_ -= queue_.front().ByteSizeLong();
  queue_.pop_front();
  writing_ = false;
  sent_.notify_all();
  if (!ok || cancelled_) return FinishLocked(grpc::Status::CANCELLED);
  if (end_ && !end_->ok()) return FinishLocked(*end_);
  if (!queue_.empty()) {
    writing_ = true;
    return StartWrite(&queue_.front());
  }
  if (end_) FinishLocked(*end_);
}

void LogSender::OnCancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  sent_.notify_all();
  if (!writing_) FinishLocked(grpc::Status::CANCELLED);
}

void LogSender::OnDone() {
  std::shared_ptr<LogSender> self;  // Lets go after the lock, which who called Finish may hold.
  MutexLock lock(&mutex_);
  self.swap(self_);
}

}  // namespace vigil::server
