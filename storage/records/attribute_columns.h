// SPDX-License-Identifier: Apache-2.0
//
// Attributes as columns of a row block. A name whose values are text, numbers or booleans becomes a
// column "attr.<name>" for each of these types that it has often enough. Everything else is kept in
// the text column "attributes", as EncodeAttributes writes it: rare names (hostile input can have a
// new one in every record), nested values, bytes, empty values, and all attributes of a row that
// has a name twice, whose order matters. The order of other attributes is not kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include "base/strings.h"
#include "storage/block/row_block_builder.h"
#include "storage/block/row_block_reader.h"
#include "storage/model/value.h"

namespace vigil::storage {

// Columns of attributes in a block at most: each costs a reader memory for every row.
inline constexpr size_t kMaxAttributeColumns = 256;

// Writes the columns of one block: first Count for each row, then Plan, then Write for each row.
// Borrows the builder. Not thread-safe.
class AttributeColumnsWriter {
 public:
  explicit AttributeColumnsWriter(RowBlockBuilder* builder);

  void Count(const Attributes& attributes);
  void Plan();
  // Sets the current row's entries.
  void Write(const Attributes& attributes);

 private:
  // The types that have columns, in the order of Value's alternatives.
  enum Kind : size_t { kText, kFlag, kInteger, kNumber, kKinds };
  struct Name {
    std::array<uint32_t, kKinds> rows = {};
    std::array<std::optional<RowBlockBuilder::Column>, kKinds> columns;
  };

  static std::optional<Kind> KindOf(const Value& value);
  // False if the attribute has no column.
  bool WriteToColumn(const Attribute& attribute);

  RowBlockBuilder& builder_;
  const RowBlockBuilder::Column rest_;
  size_t rows_ = 0;
  StringMap<Name> names_;
};

// The decoded attributes of a block. Thread-safe as const.
class AttributeColumns {
 public:
  static absl::StatusOr<AttributeColumns> Read(const RowBlockReader& reader);

  // Requires: the block has that row.
  Attributes Row(size_t row) const;

 private:
  struct Column {
    std::string name;
    std::variant<StringColumn, BoolColumn, IntColumn, DoubleColumn> entries;
  };

  absl::Status ReadColumn(const RowBlockReader& reader, const RowBlockReader::ColumnInfo& info);
  absl::Status ReadRest(const RowBlockReader& reader);

  std::vector<Column> columns_;
  absl::flat_hash_map<size_t, Attributes> rest_;  // By row.
};

}  // namespace vigil::storage
