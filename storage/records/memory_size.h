// SPDX-License-Identifier: Apache-2.0
//
// About how much memory records take, so that heads can be bounded.
#pragma once

#include <cstddef>

#include "storage/model/record.h"

namespace vigil::storage {

// Bytes, the object itself included; of a record without its origin, which others share.
size_t MemorySize(const Origin& origin);
size_t MemorySize(const LogRecord& record);
size_t MemorySize(const Span& span);

// Sums up records that came together: an origin is counted when it differs from the one before.
class MemoryCounter {
 public:
  template <typename Record>
  void Add(const Record& record) {
    bytes_ += MemorySize(record);
    if (record.origin.get() == last_origin_) return;
    last_origin_ = record.origin.get();
    bytes_ += MemorySize(*record.origin);
  }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
  const Origin* last_origin_ = nullptr;
};

}  // namespace vigil::storage
