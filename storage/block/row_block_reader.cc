// SPDX-License-Identifier: Apache-2.0
#include "storage/block/row_block_reader.h"

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/codec/bitmap_column.h"
#include "storage/codec/bytes.h"
#include "storage/codec/checksum.h"
#include "storage/codec/compress.h"
#include "storage/codec/float_column.h"
#include "storage/codec/id_column.h"
#include "storage/codec/int_column.h"
#include "storage/codec/string_column.h"

namespace vigil::storage {
namespace {

// Moves the `count` entries at the front of `values` to the rows that `present` tells, from the
// back so that none is overwritten before it moved. The rest become T().
template <typename T>
void SpreadToRows(const Bitmap& present, size_t count, std::span<T> values) {
  if (count == values.size()) return;
  for (size_t row = values.size(); row-- > 0;) {
    if (!present.Get(row)) {
      values[row] = T();
    } else if (--count != row) {
      values[row] = std::move(values[count]);
    }
  }
}

// Reads a column whose entries `read(reader, field, span)` reads. `column` is null if the block has
// none.
template <typename T, typename Read>
absl::Status ReadInto(const RowBlockReader::ColumnInfo* column, size_t rows, Read read,
                      DecodedColumn<T>* out) {
  out->values.resize(rows);
  if (column == nullptr) {
    out->present = Bitmap(rows);
    return absl::OkStatus();
  }
  ByteReader reader(column->payload);
  out->present = ReadBitmap(&reader, column->name, rows);
  if (!reader.ok()) return reader.status();
  const size_t count = out->present.Count();
  read(&reader, column->name, std::span<T>(out->values).first(count));
  reader.ExpectEnd(column->name);
  if (!reader.ok()) return reader.status();
  SpreadToRows<T>(out->present, count, out->values);
  return absl::OkStatus();
}

template <typename Id>
void ReadIds(ByteReader* reader, std::string_view field, std::span<Id> out) {
  static_assert(sizeof(Id) == sizeof(Id::bytes));
  ReadIdColumn(reader, field, sizeof(Id),
               {reinterpret_cast<char*>(out.data()), out.size() * sizeof(Id)});
}

absl::StatusOr<StringColumn> ReadTexts(const RowBlockReader::ColumnInfo* column, size_t rows) {
  StringColumn decoded;
  VIGIL_RETURN_IF_ERROR(ReadInto<std::string_view>(
      column, rows,
      [&decoded](ByteReader* reader, std::string_view field, std::span<std::string_view> out) {
        decoded.text = ReadStringColumn(reader, field, out);
      },
      &decoded));
  return decoded;
}

}  // namespace

absl::StatusOr<RowBlockReader> RowBlockReader::Open(std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view content, VerifyChecksum(bytes));
  ByteReader reader(content);
  const uint8_t version = reader.ReadByte("format version");
  if (reader.ok() && version != kRowBlockVersion) {
    reader.Fail("format version", fmt::format("{}, not {}", version, kRowBlockVersion));
  }
  RowBlockReader block;
  block.rows_ = reader.ReadVarintUpTo(kMaxBlockRows, "rows");
  block.ReadTimes(&reader);
  const std::string_view filter = reader.ReadText("token filter");
  block.ReadDirectory(&reader);
  if (!reader.ok()) return reader.status();
  VIGIL_ASSIGN_OR_RETURN(block.tokens_, TokenFilter::Open(filter));
  return block;
}

void RowBlockReader::ReadTimes(ByteReader* reader) {
  if (reader->ReadVarintUpTo(1, "times flag") == 0) return;
  const int64_t min = reader->ReadZigzag("smallest time");
  const auto max =
      static_cast<int64_t>(static_cast<uint64_t>(min) + reader->ReadVarint("time range"));
  if (max < min) return reader->Fail("time range", "ends before it begins");
  times_ = BlockTimes{.min = min, .max = max};
}

void RowBlockReader::ReadDirectory(ByteReader* reader) {
  // An entry of the directory takes three bytes at least.
  const uint64_t count = reader->ReadVarintUpTo(reader->remaining() / 3, "columns");
  std::vector<uint64_t> sizes;
  for (uint64_t i = 0; i < count && reader->ok(); ++i) {
    ColumnInfo column;
    column.name = reader->ReadText("column name");
    const uint8_t type = reader->ReadByte("column type");
    sizes.push_back(reader->ReadVarint("column length"));
    column.type = static_cast<ColumnType>(type);
    if (!reader->ok()) return;
    if (type == 0 || type >= kColumnTypes) {
      return reader->Fail("column type", fmt::format("{} is unknown", type));
    }
    if (!columns_.empty() && !Precedes(columns_.back(), column.name, column.type)) {
      return reader->Fail("column name", "not in ascending order");
    }
    columns_.push_back(column);
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].payload = reader->ReadBytes(sizes[i], "column");
  }
  reader->ExpectEnd("columns");
}

bool RowBlockReader::Precedes(const ColumnInfo& column, std::string_view name, ColumnType type) {
  return std::tie(column.name, column.type) < std::tie(name, type);
}

const RowBlockReader::ColumnInfo* RowBlockReader::Find(std::string_view name,
                                                       ColumnType type) const {
  const auto found =
      std::partition_point(columns_.begin(), columns_.end(),
                           [&](const ColumnInfo& column) { return Precedes(column, name, type); });
  return found != columns_.end() && found->name == name && found->type == type ? &*found : nullptr;
}

absl::StatusOr<IntColumn> RowBlockReader::ReadInts(std::string_view name) const {
  IntColumn column;
  VIGIL_RETURN_IF_ERROR(
      ReadInto<int64_t>(Find(name, ColumnType::kInt), rows_, ReadIntColumn, &column));
  return column;
}

absl::StatusOr<DoubleColumn> RowBlockReader::ReadDoubles(std::string_view name) const {
  DoubleColumn column;
  VIGIL_RETURN_IF_ERROR(
      ReadInto<double>(Find(name, ColumnType::kDouble), rows_, ReadFloatColumn, &column));
  return column;
}

absl::StatusOr<StringColumn> RowBlockReader::ReadStrings(std::string_view name) const {
  return ReadTexts(Find(name, ColumnType::kString), rows_);
}

absl::StatusOr<BoolColumn> RowBlockReader::ReadBools(std::string_view name) const {
  BoolColumn column{.values = Bitmap(rows_), .present = Bitmap(rows_)};
  const ColumnInfo* const info = Find(name, ColumnType::kBool);
  if (info == nullptr) return column;
  ByteReader reader(info->payload);
  column.present = ReadBitmap(&reader, name, rows_);
  const Bitmap entries = ReadBitmap(&reader, name, column.present.Count());
  reader.ExpectEnd(name);
  if (!reader.ok()) return reader.status();
  size_t next = 0;
  column.present.ForEachSet([&](size_t row) {
    if (entries.Get(next++)) column.values.Set(row);
  });
  return column;
}

absl::StatusOr<TraceIdColumn> RowBlockReader::ReadTraceIds(std::string_view name) const {
  TraceIdColumn column;
  VIGIL_RETURN_IF_ERROR(
      ReadInto<TraceId>(Find(name, ColumnType::kId16), rows_, ReadIds<TraceId>, &column));
  return column;
}

absl::StatusOr<SpanIdColumn> RowBlockReader::ReadSpanIds(std::string_view name) const {
  SpanIdColumn column;
  VIGIL_RETURN_IF_ERROR(
      ReadInto<SpanId>(Find(name, ColumnType::kId8), rows_, ReadIds<SpanId>, &column));
  return column;
}

absl::StatusOr<StringColumn> RowBlockReader::ReadEncodedValues(std::string_view name) const {
  return ReadTexts(Find(name, ColumnType::kValue), rows_);
}

absl::StatusOr<ValueColumn> RowBlockReader::ReadValues(std::string_view name) const {
  VIGIL_ASSIGN_OR_RETURN(StringColumn encoded, ReadEncodedValues(name));
  ValueColumn column;
  column.values.resize(rows_);
  size_t total = 0;
  for (size_t row = 0; row < rows_; ++row) {
    if (!encoded.Has(row)) continue;
    std::string_view bytes = encoded[row];
    // Of a dictionary the rows may claim a long value many times over.
    total += bytes.size();
    if (total > kMaxTextBytes) {
      return absl::DataLossError(fmt::format("{}: values over {} bytes", name, kMaxTextBytes));
    }
    VIGIL_ASSIGN_OR_RETURN_WITH(column.values[row], DecodeValue(&bytes), name);
    if (!bytes.empty()) {
      return absl::DataLossError(fmt::format("{}: {} bytes behind a value", name, bytes.size()));
    }
  }
  column.present = std::move(encoded.present);
  return column;
}

}  // namespace vigil::storage
