// SPDX-License-Identifier: Apache-2.0
//
// The work of one query on several threads.
#pragma once

#include <cstddef>

#include <absl/functional/function_ref.h>

#include "base/thread_pool.h"

namespace vigil::exec {

// Runs work(0) on this thread and, where `helpers` has threads to spare, work(1), work(2) ... up to
// `most` in all; returns when all that began have returned. `work` takes its share from something
// that the calls have in common, so that it does not matter how many there are. Without `helpers`
// there is one call.
void RunTogether(ThreadPool* helpers, size_t most, absl::FunctionRef<void(size_t worker)> work);

}  // namespace vigil::exec
