// SPDX-License-Identifier: Apache-2.0
//
// Origins as columns of a row block. Records mostly share theirs, so "origin" has the text of
// EncodeOrigin only in the first row with that origin, and "origin_row" says of every row which one
// that is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include "base/strings.h"
#include "storage/block/row_block_builder.h"
#include "storage/block/row_block_reader.h"
#include "storage/model/record.h"

namespace vigil::storage {

// Writes the columns of one block. Borrows the builder and the origins. Not thread-safe.
class OriginColumnWriter {
 public:
  explicit OriginColumnWriter(RowBlockBuilder* builder);
  // Sets the current row's entries. Requires: `origin` is not null.
  void Write(const Origin* origin);

 private:
  // The row that has the text of `origin`, which is the current one if it is new.
  int64_t RowOf(const Origin* origin);

  RowBlockBuilder& builder_;
  const RowBlockBuilder::Column text_;
  const RowBlockBuilder::Column row_;
  absl::flat_hash_map<const Origin*, int64_t> by_address_;
  StringMap<int64_t> by_text_;
};

// The origin of every row; rows with equal ones share it. DataLoss if a row has none.
absl::StatusOr<std::vector<std::shared_ptr<const Origin>>> ReadOriginColumn(
    const RowBlockReader& reader);

}  // namespace vigil::storage
