// SPDX-License-Identifier: Apache-2.0
//
// What a remote read is answered with.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "server/http/http_types.h"
#include "server/remote_read/read_request.h"
#include "storage/storage.h"

namespace vigil::server {

// Whose metrics are read, and how much of them at a time.
struct ReadSource {
  storage::Storage* storage = nullptr;
  storage::TenantId tenant = storage::kDefaultTenant;
  storage::Labels external_labels;               // Series get those that they do not have.
  int64_t max_samples = 0;                       // Of an answer that is held as a whole.
  size_t max_label_bytes = 0;                    // Of the series of a query.
  const std::atomic<bool>* cancelled = nullptr;  // May be null.
};

inline constexpr std::string_view kChunkedContentType =
    "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

// A prometheus.ReadResponse with all samples. ResourceExhausted when there are too many, Cancelled
// when nobody waits.
absl::StatusOr<std::string> AnswerWithSamples(const ReadSource& source, const ReadRequest& request);

// Frames of one piece of one series each, in their order, made while they are sent:
//
//   | size varint | CRC-32C of the message, 4 bytes big-endian | prometheus.ChunkedReadResponse |
//
// What fails on the way ends the answer within a frame, so that nobody takes it for whole.
absl::StatusOr<BodyProducer> AnswerWithChunks(const ReadSource& source, ReadRequest request);

}  // namespace vigil::server
