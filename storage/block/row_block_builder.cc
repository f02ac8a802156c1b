// SPDX-License-Identifier: Apache-2.0
#include "storage/block/row_block_builder.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/status.h"
#include "storage/codec/bitmap_column.h"
#include "storage/codec/bytes.h"
#include "storage/codec/checksum.h"
#include "storage/codec/float_column.h"
#include "storage/codec/id_column.h"
#include "storage/codec/int_column.h"
#include "storage/codec/string_column.h"

namespace vigil::storage {
namespace {

void AppendStrings(std::string_view text, std::span<const size_t> ends, std::string* out) {
  std::vector<std::string_view> entries;
  entries.reserve(ends.size());
  size_t begin = 0;
  for (const size_t end : ends) {
    entries.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  AppendStringColumn(entries, out);
}

void AppendBools(std::span<const int64_t> values, std::string* out) {
  Bitmap bits;
  for (const int64_t value : values) bits.PushBack(value != 0);
  AppendBitmap(bits, out);
}

}  // namespace

RowBlockBuilder::Column RowBlockBuilder::AddColumn(std::string_view name, ColumnType type) {
  StringMap<uint32_t>& numbers = numbers_[static_cast<size_t>(type)];
  const auto found = numbers.find(name);
  if (found != numbers.end()) return Column{found->second};
  const auto number = static_cast<uint32_t>(columns_.size());
  columns_.push_back({.name = std::string(name), .type = type});
  numbers.emplace(std::string(name), number);
  bytes_ += sizeof(Pending) + 2 * name.size();
  return Column{number};
}

void RowBlockBuilder::AddRow() {
  VIGIL_CHECK(rows_ < kMaxBlockRows);
  ++rows_;
}

RowBlockBuilder::Pending& RowBlockBuilder::BeginEntry(Column column, ColumnType type) {
  VIGIL_CHECK(rows_ != 0);
  Pending& pending = columns_[static_cast<size_t>(column)];
  VIGIL_CHECK(pending.type == type);
  const auto row = static_cast<uint32_t>(rows_ - 1);
  if (pending.rows.empty() || pending.rows.back() != row) {
    pending.rows.push_back(row);
    bytes_ += sizeof(row) + sizeof(int64_t);
    return pending;
  }
  if (!pending.ints.empty()) pending.ints.pop_back();
  if (!pending.doubles.empty()) pending.doubles.pop_back();
  if (!pending.text_ends.empty()) {
    pending.text_ends.pop_back();
    pending.text.resize(pending.text_ends.empty() ? 0 : pending.text_ends.back());
  }
  return pending;
}

void RowBlockBuilder::AddTextEntry(Column column, ColumnType type, std::string_view text) {
  Pending& pending = BeginEntry(column, type);
  pending.text += text;
  pending.text_ends.push_back(pending.text.size());
  bytes_ += text.size();
}

void RowBlockBuilder::SetInt(Column column, int64_t value) {
  BeginEntry(column, ColumnType::kInt).ints.push_back(value);
}

void RowBlockBuilder::SetDouble(Column column, double value) {
  BeginEntry(column, ColumnType::kDouble).doubles.push_back(value);
}

void RowBlockBuilder::SetString(Column column, std::string_view value) {
  AddTextEntry(column, ColumnType::kString, value);
}

void RowBlockBuilder::SetBool(Column column, bool value) {
  BeginEntry(column, ColumnType::kBool).ints.push_back(value ? 1 : 0);
}

void RowBlockBuilder::SetId(Column column, const TraceId& id) {
  AddTextEntry(column, ColumnType::kId16, id.AsBytes());
}

void RowBlockBuilder::SetId(Column column, const SpanId& id) {
  AddTextEntry(column, ColumnType::kId8, id.AsBytes());
}

void RowBlockBuilder::SetValue(Column column, const Value& value) {
  std::string encoded;
  EncodeValue(value, &encoded);
  AddTextEntry(column, ColumnType::kValue, encoded);
}

// +---------------------------------+---------------------------------------------------------+
// | bitmap: the rows that have an   | the entries of those rows: integer, float, string or id |
// | entry (codec/bitmap_column.cc)  | column, or bitmap, by the column's type                 |
// +---------------------------------+---------------------------------------------------------+
std::string RowBlockBuilder::EncodePending(const Pending& pending) const {
  Bitmap present(rows_);
  for (const uint32_t row : pending.rows) present.Set(row);
  std::string encoded;
  AppendBitmap(present, &encoded);
  switch (pending.type) {
    case ColumnType::kInt:
      AppendIntColumn(pending.ints, &encoded);
      break;
    case ColumnType::kDouble:
      AppendFloatColumn(pending.doubles, &encoded);
      break;
    case ColumnType::kBool:
      AppendBools(pending.ints, &encoded);
      break;
    case ColumnType::kId16:
      AppendIdColumn(pending.text, sizeof(TraceId), &encoded);
      break;
    case ColumnType::kId8:
      AppendIdColumn(pending.text, sizeof(SpanId), &encoded);
      break;
    case ColumnType::kString:
    case ColumnType::kValue:
      AppendStrings(pending.text, pending.text_ends, &encoded);
      break;
  }
  return encoded;
}

// +-----------------+----------------------------------------+
// | 1 if there are  | then: zigzag smallest time,            |
// | times, else 0   | varint largest time - smallest         |
// +-----------------+----------------------------------------+
void RowBlockBuilder::AppendTimeRange(std::string_view time_column, std::string* out) const {
  const StringMap<uint32_t>& numbers = numbers_[static_cast<size_t>(ColumnType::kInt)];
  const auto found = numbers.find(time_column);
  if (found == numbers.end() || columns_[found->second].ints.empty()) {
    out->push_back(0);
    return;
  }
  const std::vector<int64_t>& times = columns_[found->second].ints;
  const auto [min, max] = std::minmax_element(times.begin(), times.end());
  out->push_back(1);
  AppendZigzag(*min, out);
  AppendVarint(static_cast<uint64_t>(*max) - static_cast<uint64_t>(*min), out);
}

// +---------+-------------+-------+--------------+----------------+-----------+---------+----------+
// | version | varint rows | times | varint       | varint columns | directory | columns | checksum
// | |         |             |       | length,      |                |           |         | (4) |
// |         |             |       | token filter |                |           |         | |
// +---------+-------------+-------+--------------+----------------+-----------+---------+----------+
// Directory: for each column with an entry, in the order of name and type: varint length and bytes
// of the name, type byte, varint length of the column.
std::string RowBlockBuilder::Finish(std::string_view time_column) {
  std::string block(1, static_cast<char>(kRowBlockVersion));
  AppendVarint(rows_, &block);
  AppendTimeRange(time_column, &block);
  AppendText(tokens_.Finish(), &block);

  std::vector<const Pending*> columns;
  for (const Pending& pending : columns_) {
    if (!pending.rows.empty()) columns.push_back(&pending);
  }
  std::sort(columns.begin(), columns.end(), [](const Pending* a, const Pending* b) {
    return std::tie(a->name, a->type) < std::tie(b->name, b->type);
  });
  AppendVarint(columns.size(), &block);
  std::string payloads;
  for (const Pending* column : columns) {
    const std::string payload = EncodePending(*column);
    AppendText(column->name, &block);
    block.push_back(static_cast<char>(column->type));
    AppendVarint(payload.size(), &block);
    payloads += payload;
  }
  block += payloads;
  AppendChecksum(&block);
  *this = RowBlockBuilder();
  return block;
}

}  // namespace vigil::storage
