// SPDX-License-Identifier: Apache-2.0
//
// How large log records, spans and the labels of log streams may be. What is too large is refused
// record by record.
#pragma once

#include <vector>

#include <absl/status/status.h>

#include "storage/limits/tenant_limits.h"
#include "storage/logs/log_batch.h"
#include "storage/model/batch.h"
#include "storage/model/record.h"
#include "storage/series/labels.h"

namespace vigil::storage {

// Removes what exceeds a limit and accounts for it in `*result`.
void FilterBySize(const TenantLimits& limits, LogBatch* batch, WriteResult* result);
void FilterBySize(const TenantLimits& limits, std::vector<Span>* spans, WriteResult* result);

}  // namespace vigil::storage
