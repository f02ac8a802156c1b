// SPDX-License-Identifier: Apache-2.0
//
// Reads row blocks, column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/block/row_block.h"
#include "storage/block/token_filter.h"

namespace vigil::storage {

class ByteReader;

// Smallest and largest entry of a block's time column.
struct BlockTimes {
  int64_t min = 0;
  int64_t max = 0;
  friend bool operator==(const BlockTimes&, const BlockTimes&) = default;
};

// A view of an encoded block: opening reads the directory, columns are decoded when asked for.
// Thread-safe as const.
class RowBlockReader {
 public:
  struct ColumnInfo {
    std::string_view name;
    ColumnType type;
    std::string_view payload;  // The encoded column.
  };

  // Verifies version and checksum. `bytes` must outlive the reader, not what it decodes. DataLoss
  // if they are not a block.
  static absl::StatusOr<RowBlockReader> Open(std::string_view bytes);

  size_t rows() const { return rows_; }
  // nullopt if the builder was not told a time column, or it was empty.
  const std::optional<BlockTimes>& times() const { return times_; }
  // Sorted by name, then type.
  const std::vector<ColumnInfo>& columns() const { return columns_; }
  bool HasColumn(std::string_view name, ColumnType type) const {
    return Find(name, type) != nullptr;
  }

  // False only if no text that was added holds the token, or `text`, in any ASCII case. `token`
  // must be one whole token, `text` is any text.
  bool MayContainToken(std::string_view token) const { return tokens_.MayContainToken(token); }
  bool MayContainSubstring(std::string_view text) const {
    return tokens_.MayContainSubstring(text);
  }

  const TokenFilter& token_filter() const { return tokens_; }

  // The column of that name and the type that the function says; without any entry when the block
  // has no such column. DataLoss names the column.
  absl::StatusOr<IntColumn> ReadInts(std::string_view name) const;
  absl::StatusOr<DoubleColumn> ReadDoubles(std::string_view name) const;
  absl::StatusOr<StringColumn> ReadStrings(std::string_view name) const;
  absl::StatusOr<BoolColumn> ReadBools(std::string_view name) const;
  absl::StatusOr<TraceIdColumn> ReadTraceIds(std::string_view name) const;
  absl::StatusOr<SpanIdColumn> ReadSpanIds(std::string_view name) const;
  absl::StatusOr<ValueColumn> ReadValues(std::string_view name) const;
  // The entries of a kValue column as EncodeValue wrote them, for those who need few of them.
  absl::StatusOr<StringColumn> ReadEncodedValues(std::string_view name) const;

 private:
  RowBlockReader() = default;
  static bool Precedes(const ColumnInfo& column, std::string_view name, ColumnType type);
  void ReadTimes(ByteReader* reader);
  void ReadDirectory(ByteReader* reader);
  const ColumnInfo* Find(std::string_view name, ColumnType type) const;

  size_t rows_ = 0;
  std::optional<BlockTimes> times_;
  TokenFilter tokens_;
  std::vector<ColumnInfo> columns_;
};

}  // namespace vigil::storage
