// SPDX-License-Identifier: Apache-2.0
#include "query/exec/parallel.h"

#include <memory>

#include "base/mutex.h"

namespace vigil::exec {
namespace {

// What the calls share; it outlives the run for those that come too late.
struct Gate {
  Mutex mutex;
  CondVar changed;
  bool closed ABSL_GUARDED_BY(mutex) = false;
  size_t inside ABSL_GUARDED_BY(mutex) = 0;

  bool Enter() {
    MutexLock lock(&mutex);
    if (!closed) ++inside;
    return !closed;
  }
  void Leave() {
    MutexLock lock(&mutex);
    --inside;
    changed.notify_all();
  }
  void CloseAndWait() {
    MutexLock lock(&mutex);
    closed = true;
    while (inside > 0) changed.wait(mutex);
  }
};

}  // namespace

void RunTogether(ThreadPool* helpers, size_t most, absl::FunctionRef<void(size_t worker)> work) {
  const auto gate = std::make_shared<Gate>();
  for (size_t worker = 1; helpers != nullptr && worker < most; ++worker) {
    // A helper that gets its turn after the end must not touch `work`, which is gone then.
    const bool accepted = helpers->TrySubmit([gate, work, worker] {
      if (!gate->Enter()) return;
      work(worker);
      gate->Leave();
    });
    if (!accepted) break;
  }
  work(0);
  gate->CloseAndWait();
}

}  // namespace vigil::exec
