// SPDX-License-Identifier: Apache-2.0
//
// The messages within io.prometheus.client.Metric that more than one type of metrics has, and
// histograms, classic and native. Part of protobuf_reader.h.
#pragma once

#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "collector/exposition/exposition.h"
#include "storage/model/histogram.h"

namespace vigil::collector {

struct ClassicBucket {
  double upper_bound = 0;
  double cumulative_count = 0;
  std::vector<ExposedExemplar> exemplars;
};

struct ClientHistogram {
  // Count and sum are there for classic histograms, too.
  storage::Histogram histogram;
  bool is_native = false;
  std::vector<ClassicBucket> buckets;
  std::vector<ExposedExemplar> exemplars;  // Of the native one.
};

// InvalidArgument when malformed, and for native histograms that break a rule.
absl::Status ReadClientHistogram(std::string_view bytes, ClientHistogram* read);

// Adds the exemplar.
absl::Status ReadClientExemplar(std::string_view bytes, std::vector<ExposedExemplar>* exemplars);

}  // namespace vigil::collector
