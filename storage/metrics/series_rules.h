// SPDX-License-Identifier: Apache-2.0
//
// What the labels and the metadata of a metric series must be like.
#pragma once

#include <cstddef>

#include <absl/status/status.h>

#include "storage/limits/tenant_limits.h"
#include "storage/model/sample.h"
#include "storage/series/labels.h"

namespace vigil::storage {

// Bytes of a unit and of a help text that are kept. They are for people to read; longer ones are
// cut rather than refused, as they are no reason to lose samples.
inline constexpr size_t kMaxUnitBytes = 256;
inline constexpr size_t kMaxHelpBytes = 4096;

// InvalidArgument, naming the label and the limit, when `labels` have no metric name, are not UTF-8
// or exceed one of `limits`.
absl::Status CheckSeriesLabels(const Labels& labels, const TenantLimits& limits);

// `metadata` as it is kept: valid UTF-8, cut to the limits.
MetricMetadata TidyMetadata(const MetricMetadata& metadata);

// `labels` with the type, unless that is unknown, and the unit of the metric as labels; without
// those that came along.
Labels WithTypeAndUnit(const Labels& labels, const MetricMetadata& metadata);

}  // namespace vigil::storage
