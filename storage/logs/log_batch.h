// SPDX-License-Identifier: Apache-2.0
//
// Logs on their way into a shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/model/record.h"
#include "storage/series/labels.h"

namespace vigil::storage {

class LogStream;

// Records of one stream, any order.
struct LogStreamBatch {
  Labels labels;
  std::vector<LogRecord> records;

  // Filled in by LogShard::Encode: where the records go, and the number of the first of them. While
  // the batch lives, its streams do.
  std::shared_ptr<LogStream> stream;
  uint64_t first_number = 0;
};

struct LogBatch {
  std::vector<LogStreamBatch> streams;
  size_t size() const {
    size_t count = 0;
    for (const LogStreamBatch& stream : streams) count += stream.records.size();
    return count;
  }
};

}  // namespace vigil::storage
