// SPDX-License-Identifier: Apache-2.0
//
// Sorted runs of records that a read merges: the records of a stream in memory, and those of one of
// its blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/block/row_block_reader.h"
#include "storage/logs/log_selection.h"
#include "storage/logs/log_stream.h"
#include "storage/model/record.h"

namespace vigil::storage {

// Record numbers, as the runs of consecutive ones that arrive together. A value type.
class NumberSet {
 public:
  NumberSet() = default;
  explicit NumberSet(const std::vector<LogChunks::View>& records);
  bool Contains(uint64_t number) const;

 private:
  struct Run {
    uint64_t first;
    uint64_t last;
  };
  std::vector<Run> runs_;  // Ascending.
};

// Stands at a record, in the selection's direction of time. Not thread-safe.
class LogCursor {
 public:
  virtual ~LogCursor() = default;
  virtual int64_t time_ns() const = 0;
  virtual uint64_t number() const = 0;
  // Valid until the next call of Next.
  virtual const LogRecord& record() = 0;
  // Goes on to the next record; false if there is none.
  virtual bool Next() = 0;
};

// The selected ones of `records`, which must outlive the cursor; null if there are none.
std::unique_ptr<LogCursor> MakeMemoryCursor(const std::vector<LogChunks::View>& records,
                                            const LogSelection& selection);

// Whether the block can hold a selected record, by its times and its token filter.
bool MayHoldSelected(const RowBlockReader& block, const LogSelection& selection);

// The selected records of an encoded block without those that are `in_memory`; null if there are
// none. DataLoss if the block is corrupt.
absl::StatusOr<std::unique_ptr<LogCursor>> MakeBlockCursor(std::string_view block,
                                                           const LogSelection& selection,
                                                           const NumberSet& in_memory);

}  // namespace vigil::storage
