// SPDX-License-Identifier: Apache-2.0
//
// Origins as a column of a row block: texts of EncodeOrigin, which the block keeps as a dictionary.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include "storage/block/row_block_builder.h"
#include "storage/block/row_block_reader.h"
#include "storage/model/record.h"

namespace vigil::storage {

// Writes the column "origin". Borrows the builder and the origins. Not thread-safe.
class OriginColumnWriter {
 public:
  explicit OriginColumnWriter(RowBlockBuilder* builder);
  // Sets the current row's entry. Requires: `origin` is not null.
  void Write(const Origin* origin);

 private:
  RowBlockBuilder& builder_;
  const RowBlockBuilder::Column column_;
  absl::flat_hash_map<const Origin*, std::string> encoded_;
};

// The origin of every row; rows with equal ones share it. DataLoss if a row has none.
absl::StatusOr<std::vector<std::shared_ptr<const Origin>>> ReadOriginColumn(
    const RowBlockReader& reader);

}  // namespace vigil::storage
