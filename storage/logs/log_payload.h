// SPDX-License-Identifier: Apache-2.0
//
// What a batch of logs looks like in the journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/logs/log_batch.h"
#include "storage/model/record.h"
#include "storage/series/labels.h"

namespace vigil::storage {

// The records of one stream as the journal has them.
struct JournaledStream {
  uint64_t stream = 0;
  std::optional<Labels> labels;  // There if the payload defines the stream.
  uint64_t first_number = 0;
  std::vector<LogRecord> records;
};

// Appends `batch` to `*payload`. Requires: its streams and first numbers are filled in.
void AppendLogPayload(const LogBatch& batch, std::string* payload);

// DataLoss if `payload` is not what AppendLogPayload wrote.
absl::StatusOr<std::vector<JournaledStream>> DecodeLogPayload(std::string_view payload);

}  // namespace vigil::storage
