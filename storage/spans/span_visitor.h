// SPDX-License-Identifier: Apache-2.0
//
// Who is told spans.
#pragma once

#include <absl/functional/function_ref.h>

#include "storage/model/record.h"

namespace vigil::storage {

// Returns false to stop.
using SpanVisitor = absl::FunctionRef<bool(const Span& span)>;

}  // namespace vigil::storage
