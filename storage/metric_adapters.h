// SPDX-License-Identifier: Apache-2.0
//
// The metrics of one tenant seen whole: queriers that span all shards, and the adapters behind
// Storage::MetricSourceFor and MetricSinkFor.
#pragma once

#include <memory>
#include <vector>

#include "storage/metrics/querier.h"
#include "storage/model/ids.h"
#include "storage/storage.h"

namespace vigil::storage {

// A querier over several shards; queriers[i] reads the series of shard i.
std::unique_ptr<MetricQuerier> MergeQueriers(std::vector<std::unique_ptr<MetricQuerier>> queriers);

// Borrow `storage`, which must outlive them.
std::unique_ptr<MetricSource> MakeMetricSource(Storage* storage, TenantId tenant);
std::unique_ptr<MetricSink> MakeMetricSink(Storage* storage, TenantId tenant);

}  // namespace vigil::storage
