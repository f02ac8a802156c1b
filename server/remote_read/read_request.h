// SPDX-License-Identifier: Apache-2.0
//
// What a remote read asks for.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "base/duration.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::server {

// In which form: all samples at once, or chunks in frames, one by one.
enum class ReadForm { kSamples, kChunks };

struct ReadQuery {
  std::vector<storage::Matcher> matchers;
  TimeRange range;  // Both ends included.
};

struct ReadRequest {
  std::vector<ReadQuery> queries;
  ReadForm form = ReadForm::kSamples;
};

// The prometheus.ReadRequest of at most `max_bytes` that `body` has in snappy's block format.
// Matchers that ask for a label of `external_labels`, which answers get, with its value are left
// out. InvalidArgument when it is none, or asks for no form that is known.
absl::StatusOr<ReadRequest> ParseReadRequest(std::string_view body, size_t max_bytes,
                                             const storage::Labels& external_labels);

}  // namespace vigil::server
