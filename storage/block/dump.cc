// SPDX-License-Identifier: Apache-2.0
#include "storage/block/dump.h"

#include <iterator>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/block/row_block_reader.h"
#include "storage/codec/bitmap_column.h"
#include "storage/codec/bytes.h"
#include "storage/codec/float_column.h"
#include "storage/codec/id_column.h"
#include "storage/codec/int_column.h"
#include "storage/codec/string_column.h"
#include "storage/model/value.h"

namespace vigil::storage {
namespace {

std::string ErrorLine(const absl::Status& status) {
  return fmt::format("error: {}\n", MessageOf(status));
}

std::string SampleText(double value) { return IsStale(value) ? "stale" : FormatValue(value); }

std::string BucketsText(const std::vector<BucketSpan>& spans, const std::vector<double>& counts) {
  std::string text;
  int64_t bucket = 0;
  size_t next = 0;
  for (const BucketSpan& span : spans) {
    bucket += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++bucket) {
      fmt::format_to(std::back_inserter(text), " {}:{}", bucket, FormatValue(counts[next++]));
    }
  }
  return text;
}

std::string HistogramText(const Histogram& histogram) {
  std::string text = fmt::format("schema={} count={} sum={} zero={}", histogram.schema,
                                 SampleText(histogram.count), SampleText(histogram.sum),
                                 SampleText(histogram.zero_count));
  if (!histogram.positive_counts.empty()) {
    text += " positive" + BucketsText(histogram.positive_spans, histogram.positive_counts);
  }
  if (!histogram.negative_counts.empty()) {
    text += " negative" + BucketsText(histogram.negative_spans, histogram.negative_counts);
  }
  if (!histogram.custom_bounds.empty()) text += " bounds";
  for (const double bound : histogram.custom_bounds) text += " " + FormatValue(bound);
  return text;
}

// How the entries behind the presence bitmap of a column are encoded.
std::string EntriesEncoding(const RowBlockReader::ColumnInfo& column, size_t rows) {
  ByteReader reader(column.payload);
  ReadBitmap(&reader, column.name, rows);
  switch (column.type) {
    case ColumnType::kInt:
      return IntEncodingName(reader.rest());
    case ColumnType::kDouble:
      return FloatEncodingName(reader.rest());
    case ColumnType::kString:
    case ColumnType::kValue:
      return StringEncodingName(reader.rest());
    case ColumnType::kId16:
    case ColumnType::kId8:
      return IdEncodingName(reader.rest());
    case ColumnType::kBool:
      return "bitmap";
  }
  return "unknown";
}

// A column's entries as text, one a row, "" where the row has none.
using Cells = std::vector<std::string>;

template <typename Column, typename Print>
absl::StatusOr<Cells> ToCells(const absl::StatusOr<Column>& column, size_t rows, Print print) {
  if (!column.ok()) return column.status();
  Cells cells(rows);
  for (size_t row = 0; row < rows; ++row) {
    if (column->Has(row)) cells[row] = print((*column)[row]);
  }
  return cells;
}

absl::StatusOr<Cells> ReadCells(const RowBlockReader& block,
                                const RowBlockReader::ColumnInfo& column) {
  const auto print_id = [](const auto& id) { return id.ToText(); };
  const size_t rows = block.rows();
  switch (column.type) {
    case ColumnType::kInt:
      return ToCells(block.ReadInts(column.name), rows,
                     [](int64_t value) { return fmt::to_string(value); });
    case ColumnType::kDouble:
      return ToCells(block.ReadDoubles(column.name), rows, SampleText);
    case ColumnType::kString:
      return ToCells(block.ReadStrings(column.name), rows,
                     [](std::string_view text) { return fmt::format("\"{}\"", text); });
    case ColumnType::kBool:
      return ToCells(block.ReadBools(column.name), rows,
                     [](bool value) { return std::string(value ? "true" : "false"); });
    case ColumnType::kId16:
      return ToCells(block.ReadTraceIds(column.name), rows, print_id);
    case ColumnType::kId8:
      return ToCells(block.ReadSpanIds(column.name), rows, print_id);
    case ColumnType::kValue:
      return ToCells(block.ReadValues(column.name), rows,
                     [](const Value& value) { return ToText(value); });
  }
  return absl::DataLossError("unknown column type");
}

void DumpSamples(const SampleColumns& columns, std::string* text) {
  const auto out = std::back_inserter(*text);
  for (size_t i = 0; i < columns.times_ms.size(); ++i) {
    fmt::format_to(out, "{} {}\n", columns.times_ms[i], SampleText(columns.values[i]));
  }
  for (size_t i = 0; i < columns.histograms.size(); ++i) {
    fmt::format_to(out, "{} {}\n", columns.histogram_times_ms[i],
                   HistogramText(*columns.histograms[i]));
  }
}

}  // namespace

std::string DumpMetricBlock(std::string_view bytes, TimesLookup times_of) {
  const absl::StatusOr<MetricBlockLayout> layout = InspectMetricBlock(bytes);
  if (!layout.ok()) return ErrorLine(layout.status());
  const MetricBlockHeader& header = layout->header;
  std::string text = fmt::format("{} block: {} samples in [{}, {}], {} bytes\n",
                                 header.kind == MetricBlockKind::kFloat ? "float" : "histogram",
                                 header.count, header.min_ms, header.max_ms, bytes.size());
  if (header.shared_times.has_value()) {
    text += fmt::format("times: shared {}\n", *header.shared_times);
  } else {
    text +=
        fmt::format("times: {}, {} bytes\n", IntEncodingName(layout->times), layout->times.size());
  }
  if (header.kind == MetricBlockKind::kFloat) {
    text += fmt::format("values: {}, {} bytes\n", FloatEncodingName(layout->values),
                        layout->values.size());
  } else {
    text += fmt::format("values: histograms, {} bytes\n", layout->values.size());
  }
  SampleColumns columns;
  const absl::Status status = DecodeMetricBlock(bytes, times_of, &columns);
  if (!status.ok()) return text + ErrorLine(status);
  DumpSamples(columns, &text);
  return text;
}

std::string DumpRowBlock(std::string_view bytes) {
  const absl::StatusOr<RowBlockReader> block = RowBlockReader::Open(bytes);
  if (!block.ok()) return ErrorLine(block.status());
  std::string text = fmt::format("row block: {} rows, {} columns, {} bytes\n", block->rows(),
                                 block->columns().size(), bytes.size());
  if (block->times().has_value()) {
    text += fmt::format("times: [{}, {}]\n", block->times()->min, block->times()->max);
  }
  text += fmt::format("token filter: {} bits\n", block->token_filter().bits());
  std::vector<std::string> rows(block->rows());
  for (const RowBlockReader::ColumnInfo& column : block->columns()) {
    text += fmt::format("column {} {}: {}, {} bytes\n", column.name, ColumnTypeName(column.type),
                        EntriesEncoding(column, block->rows()), column.payload.size());
    const absl::StatusOr<Cells> cells = ReadCells(*block, column);
    if (!cells.ok()) {
      text += ErrorLine(cells.status());
      continue;
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      if (!(*cells)[row].empty()) rows[row] += fmt::format(" {}={}", column.name, (*cells)[row]);
    }
  }
  for (size_t row = 0; row < rows.size(); ++row) text += fmt::format("row {}:{}\n", row, rows[row]);
  return text;
}

}  // namespace vigil::storage
