// SPDX-License-Identifier: Apache-2.0
//
// Row blocks, the common part: column types and decoded columns. A row block is a table cut into
// named, typed columns, with a token filter; logs and spans are kept as such. Builder and reader
// are row_block_builder.h and row_block_reader.h, the format is docs/format/row_block.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/codec/bitmap.h"
#include "storage/model/ids.h"
#include "storage/model/value.h"

namespace vigil::storage {

// The first byte of a row block.
inline constexpr uint8_t kRowBlockVersion = 1;

// Rows of a block at most: a constant column takes a few bytes however long it claims to be, so the
// claim needs a bound.
inline constexpr size_t kMaxBlockRows = 1 << 16;

// Persisted; never renumber. Name and type together identify a column: an attribute that is a
// number in one row and text in another takes two columns of one name.
enum class ColumnType : uint8_t {
  kInt = 1,     // int64_t: times, numbers.
  kDouble = 2,  // Kept bit for bit.
  kString = 3,
  kBool = 4,
  kId16 = 5,   // TraceId.
  kId8 = 6,    // SpanId.
  kValue = 7,  // Value, of any kind.
};

inline constexpr size_t kColumnTypes = 8;  // One more than the largest.

// "int", "double", "string", "bool", "id16", "id8", "value".
std::string_view ColumnTypeName(ColumnType type);

// A decoded column. `values` has one entry for each row of the block; where the row has none,
// `present` is unset and the entry is T().
template <typename T>
struct DecodedColumn {
  std::vector<T> values;
  Bitmap present;

  bool Has(size_t row) const { return present.Get(row); }
  const T& operator[](size_t row) const { return values[row]; }
};

using IntColumn = DecodedColumn<int64_t>;
using DoubleColumn = DecodedColumn<double>;
using TraceIdColumn = DecodedColumn<TraceId>;
using SpanIdColumn = DecodedColumn<SpanId>;
using ValueColumn = DecodedColumn<Value>;

struct BoolColumn {
  Bitmap values;
  Bitmap present;

  bool Has(size_t row) const { return present.Get(row); }
  bool operator[](size_t row) const { return values.Get(row); }
};

// The entries point into `text`, so they live as long as the column or a copy of it. In a column
// that was kept as a dictionary, equal entries have equal addresses.
struct StringColumn : DecodedColumn<std::string_view> {
  std::shared_ptr<const std::string> text;
};

}  // namespace vigil::storage
