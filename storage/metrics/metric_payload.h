// SPDX-License-Identifier: Apache-2.0
//
// What a batch of samples is in the journal: the series that it defines, then the samples as
// columns. The format is docs/format/metric_payload.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/metrics/metric_shard.h"
#include "storage/model/sample.h"
#include "storage/series/labels.h"

namespace vigil::storage {

// A series as an entry defines it.
struct SeriesDefinition {
  uint32_t number = 0;
  Labels labels;
  MetricMetadata metadata;
  friend bool operator==(const SeriesDefinition&, const SeriesDefinition&) = default;
};

struct MetricPayload {
  std::vector<SeriesDefinition> definitions;
  MetricBatch batch;
};

// Appends the payload to `*out`. Definitions of one metric should stand together: their metadata is
// written once.
void EncodeMetricPayload(const std::vector<SeriesDefinition>& definitions, const MetricBatch& batch,
                         std::string* out);

// The payload behind `bytes`, with the refs of `shard`. DataLoss if they are not one.
absl::StatusOr<MetricPayload> DecodeMetricPayload(uint32_t shard, std::string_view bytes);

// The value of a metadata row, also part of a definition. Decoding moves `*bytes` along.
void EncodeMetadata(const MetricMetadata& metadata, std::string* out);
absl::StatusOr<MetricMetadata> DecodeMetadata(std::string_view bytes);

}  // namespace vigil::storage
