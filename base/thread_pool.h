// SPDX-License-Identifier: Apache-2.0
//
// A fixed number of threads that run what they are handed, in order of arrival.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace vigil {

// Thread-safe. The destructor runs what is queued, then ends the threads.
class ThreadPool {
 public:
  // At most `max_queued` tasks wait at a time.
  ThreadPool(size_t threads, size_t max_queued);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False, and the task is dropped, when the queue is full.
  bool TrySubmit(std::function<void()> task);

 private:
  void Run();

  const size_t max_queued_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Constant between constructor and destructor.
};

}  // namespace vigil
