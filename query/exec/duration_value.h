// SPDX-License-Identifier: Apache-2.0
//
// The durations of a query in milliseconds, once its window is known: ranges, offsets and steps may
// be expressions such as `[step() * 4]`.
#pragma once

#include <cstdint>

#include <absl/status/statusor.h>

#include "query/exec/context.h"
#include "query/exec/steps.h"
#include "query/promql/ast.h"

namespace vigil::exec {

// `plain_ms` if `expr` is null, else its value, truncated to whole milliseconds. InvalidArgument if
// that is no number or out of range, or not above zero when it must be; a step must last for a
// millisecond.
enum class DurationSign { kAny, kPositive, kStep };
absl::StatusOr<int64_t> DurationMs(const QueryContext& context, int64_t plain_ms,
                                   const promql::DurationExpr* expr, DurationSign sign);

// Where a selector or subquery with that shift looks.
absl::StatusOr<LookupTimes> ResolveShift(const QueryContext& context, const StepGrid& grid,
                                         const promql::TimeShift& shift);

}  // namespace vigil::exec
