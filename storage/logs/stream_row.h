// SPDX-License-Identifier: Apache-2.0
//
// What is kept of a log stream besides its blocks: its row in Family::kLogBlocks, which says all
// that a restart needs to know without opening blocks. The layout is in docs/format/records.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/series/labels.h"

namespace vigil::storage {

struct StreamRow {
  Labels labels;
  // Above the number of every record that was numbered when the row was written.
  uint64_t next_record = 1;
  // Starts of the partitions that may have blocks of the stream, ascending.
  std::vector<int64_t> partitions;

  std::string Encode() const;
  // DataLoss if `bytes` are not such a row.
  static absl::StatusOr<StreamRow> Decode(std::string_view bytes);
};

// Stream numbers start at 1; the row of number 0 holds the next number of the tenant, so that the
// number of a stream that is gone is not given out again.
inline constexpr uint64_t kNextStreamRow = 0;
std::string EncodeNextStream(uint64_t next_stream);
absl::StatusOr<uint64_t> DecodeNextStream(std::string_view bytes);

}  // namespace vigil::storage
