// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace vigil::cli {
namespace {

std::atomic<bool> g_caught = false;
std::atomic<bool> g_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void Note(int) { g_interrupted.store(true); }

}  // namespace

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = Note;
  // No SA_RESTART: who waits for a key wakes up.
  ::sigaction(SIGINT, &action, nullptr);
  g_caught.store(true);
}

bool TakeInterrupt() { return g_interrupted.exchange(false); }

CancelOnInterrupt::CancelOnInterrupt(grpc::ClientContext* context) {
  if (!g_caught.load()) return;
  watcher_ = std::thread([this, context] { Watch(context); });
}

void CancelOnInterrupt::Watch(grpc::ClientContext* context) {
  MutexLock lock(&mutex_);
  while (!done_) {
    if (g_interrupted.load()) return context->TryCancel();
    // A signal handler cannot wake anyone.
    wake_.wait_for(mutex_, kInterruptPoll);
  }
}

CancelOnInterrupt::~CancelOnInterrupt() {
  {
    MutexLock lock(&mutex_);
    done_ = true;
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

}  // namespace vigil::cli
