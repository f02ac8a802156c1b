// SPDX-License-Identifier: Apache-2.0
//
// Makes row blocks.
//
//   RowBlockBuilder builder;
//   const RowBlockBuilder::Column time = builder.AddColumn("time", ColumnType::kInt);
//   const RowBlockBuilder::Column body = builder.AddColumn("body", ColumnType::kString);
//   for (...) {
//     builder.AddRow();
//     builder.SetInt(time, record.time_ns);
//     builder.SetString(body, text);
//     builder.AddTokens(text);
//   }
//   const std::string block = builder.Finish("time");
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "storage/block/row_block.h"
#include "storage/block/token_filter.h"

namespace vigil::storage {

// Collects rows, then encodes them. Columns cost memory only for the rows that have them, so a
// column for each of many rare attributes works, though one kValue column for all of them makes
// smaller blocks. Not thread-safe.
class RowBlockBuilder {
 public:
  // Number of a column of this builder.
  enum class Column : uint32_t {};

  // The column of that name and type, made if it is new.
  Column AddColumn(std::string_view name, ColumnType type);

  // Begins the next row; what follows sets its entries. Requires: rows() < kMaxBlockRows.
  void AddRow();

  // Require: the column has that type; there is a row. The last call for a column and row counts.
  void SetInt(Column column, int64_t value);
  void SetDouble(Column column, double value);
  void SetString(Column column, std::string_view value);
  void SetBool(Column column, bool value);
  void SetId(Column column, const TraceId& id);
  void SetId(Column column, const SpanId& id);
  void SetValue(Column column, const Value& value);

  // Makes the tokens of `text` findable by RowBlockReader::MayContainToken and -Substring.
  void AddTokens(std::string_view text) { tokens_.AddText(text); }

  size_t rows() const { return rows_; }
  // About the memory of the rows so far. A block should be finished after some megabytes; one
  // column's text must stay under kMaxTextBytes (storage/codec/compress.h).
  size_t bytes() const { return bytes_; }

  // The block. Its header tells the smallest and largest entry of the int column `time_column`, if
  // there is such a column with entries. The builder is as new then, columns included.
  std::string Finish(std::string_view time_column = {});

 private:
  // The entries of a column, in row order: one of the three kinds, by type.
  struct Pending {
    std::string name;
    ColumnType type;
    std::vector<uint32_t> rows;     // The rows that have an entry.
    std::vector<int64_t> ints;      // kInt; kBool as 0 and 1.
    std::vector<double> doubles;    // kDouble.
    std::string text;               // The others: texts, ids, encoded values,
    std::vector<size_t> text_ends;  // and where in `text` each ends.
  };

  // The column, with the entry that it may have for the current row taken away.
  Pending& BeginEntry(Column column, ColumnType type);
  void AddTextEntry(Column column, ColumnType type, std::string_view text);
  std::string EncodePending(const Pending& pending) const;
  void AppendTimeRange(std::string_view time_column, std::string* out) const;

  size_t rows_ = 0;
  size_t bytes_ = 0;
  std::vector<Pending> columns_;
  // Index: a name's column of each type.
  std::array<StringMap<uint32_t>, kColumnTypes> numbers_;
  TokenFilterBuilder tokens_;
};

}  // namespace vigil::storage
