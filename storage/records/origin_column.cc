// SPDX-License-Identifier: Apache-2.0
#include "storage/records/origin_column.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/model/record_codec.h"
#include "storage/records/row_access.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kText = "origin";
constexpr std::string_view kRow = "origin_row";

}  // namespace

OriginColumnWriter::OriginColumnWriter(RowBlockBuilder* builder)
    : builder_(*builder),
      text_(builder->AddColumn(kText, ColumnType::kString)),
      row_(builder->AddColumn(kRow, ColumnType::kInt)) {}

void OriginColumnWriter::Write(const Origin* origin) { builder_.SetInt(row_, RowOf(origin)); }

int64_t OriginColumnWriter::RowOf(const Origin* origin) {
  const auto current = static_cast<int64_t>(builder_.rows()) - 1;
  const auto [known, is_new] = by_address_.try_emplace(origin, current);
  if (!is_new) return known->second;
  std::string text = EncodeOrigin(*origin);
  const auto [first, is_distinct] = by_text_.try_emplace(std::move(text), current);
  if (is_distinct) builder_.SetString(text_, first->first);
  known->second = first->second;
  return known->second;
}

absl::StatusOr<std::vector<std::shared_ptr<const Origin>>> ReadOriginColumn(
    const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(const StringColumn texts, reader.ReadStrings(kText));
  VIGIL_ASSIGN_OR_RETURN(const IntColumn rows, reader.ReadInts(kRow));
  VIGIL_RETURN_IF_ERROR(RequireEveryRow(rows, reader.rows(), kRow));
  std::vector<std::shared_ptr<const Origin>> origins(reader.rows());
  for (size_t row = 0; row < reader.rows(); ++row) {
    const auto first = static_cast<uint64_t>(rows[row]);
    // The row with the text is the first one with that origin, so it comes before or is this one.
    if (first > row || !texts.Has(first)) {
      return absl::DataLossError(fmt::format("column {}: {} has no origin", kRow, rows[row]));
    }
    if (origins[first] == nullptr) {
      VIGIL_ASSIGN_OR_RETURN(Origin origin, DecodeOrigin(texts[first]));
      origins[first] = std::make_shared<const Origin>(std::move(origin));
    }
    origins[row] = origins[first];
  }
  return origins;
}

}  // namespace vigil::storage
