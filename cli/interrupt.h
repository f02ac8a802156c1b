// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C as "give up what you are doing" instead of the end of the program.
#pragma once

#include <chrono>
#include <thread>

#include <absl/base/thread_annotations.h>
#include <grpcpp/grpcpp.h>

#include "base/mutex.h"

namespace vigil::cli {

// How long it may take until a Ctrl-C that nobody waits for is noticed: less than a person does.
inline constexpr std::chrono::milliseconds kInterruptPoll(20);

// From now on Ctrl-C is noted, for the life of the program.
void CatchInterrupts();

// Whether there was a Ctrl-C since this was last asked.
bool TakeInterrupt();

// Cancels a call when Ctrl-C comes while this lives. Does nothing, and costs nothing, as long as
// interrupts are not caught. The context must outlive it.
class CancelOnInterrupt {
 public:
  explicit CancelOnInterrupt(grpc::ClientContext* context);
  ~CancelOnInterrupt();
  CancelOnInterrupt(const CancelOnInterrupt&) = delete;
  CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;

 private:
  void Watch(grpc::ClientContext* context);

  Mutex mutex_;
  CondVar wake_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread watcher_;
};

}  // namespace vigil::cli
