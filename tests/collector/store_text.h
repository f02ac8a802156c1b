// SPDX-License-Identifier: Apache-2.0
//
// What a store holds, as text that tests compare. Times are milliseconds since kStartMs of the
// storage harness.
#pragma once

#include <string>

#include "storage/model/ids.h"
#include "storage/model/value.h"
#include "storage/storage.h"

namespace vigil::collector::testing {

// A line for each series: `name{label="value"} time:value ...`, histograms in braces.
std::string SeriesText(storage::Storage& storage,
                       storage::TenantId tenant = storage::kDefaultTenant);
// A line for each series that has exemplars: `name{label="value"} time:value{label="value"} ...`.
std::string ExemplarsText(storage::Storage& storage,
                          storage::TenantId tenant = storage::kDefaultTenant);
// A line for each metric: "name type unit help".
std::string MetadataText(storage::Storage& storage,
                         storage::TenantId tenant = storage::kDefaultTenant);
// A line for each log record, oldest first, and for each span with its events and links below.
std::string LogsText(storage::Storage& storage, storage::TenantId tenant = storage::kDefaultTenant);
std::string SpansText(storage::Storage& storage,
                      storage::TenantId tenant = storage::kDefaultTenant);

}  // namespace vigil::collector::testing
