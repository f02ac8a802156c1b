// SPDX-License-Identifier: Apache-2.0
//
// Samples as the messages of vigil/v1/transfer.proto.
#pragma once

#include <string_view>

#include <absl/status/statusor.h>

#include "proto/vigil/v1/transfer.pb.h"
#include "storage/model/histogram.h"
#include "storage/model/sample.h"

namespace vigil::server {

void ToMessage(const storage::Histogram& histogram, v1::NativeHistogram* message);

// InvalidArgument when spans, counts and bounds do not fit one another.
absl::StatusOr<storage::Histogram> FromMessage(const v1::NativeHistogram& message);

// InvalidArgument for a type that does not exist.
absl::StatusOr<storage::MetricMetadata> MetadataOf(const v1::SeriesSamples& message);

}  // namespace vigil::server
