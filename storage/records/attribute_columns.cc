// SPDX-License-Identifier: Apache-2.0
#include "storage/records/attribute_columns.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include "base/status.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kPrefix = "attr.";
constexpr std::string_view kRestColumn = "attributes";

// A name and type must be in at least this many rows of the block, and in one row of so many, for
// a column of its own to be smaller than its part of the common one.
constexpr uint32_t kMinColumnRows = 3;
constexpr size_t kMaxRowsPerEntry = 64;

constexpr std::array<ColumnType, 4> kTypeOfKind = {ColumnType::kString, ColumnType::kBool,
                                                   ColumnType::kInt, ColumnType::kDouble};

// Up to here comparing every pair is faster than a hash set.
constexpr size_t kFewNames = 16;

bool HasRepeatedName(const Attributes& attributes) {
  if (attributes.size() <= kFewNames) {
    for (size_t i = 1; i < attributes.size(); ++i) {
      for (size_t k = 0; k < i; ++k) {
        if (attributes[i].name == attributes[k].name) return true;
      }
    }
    return false;
  }
  absl::flat_hash_set<std::string_view, StringHash, std::equal_to<>> names;
  for (const Attribute& attribute : attributes) {
    if (!names.insert(attribute.name).second) return true;
  }
  return false;
}

}  // namespace

AttributeColumnsWriter::AttributeColumnsWriter(RowBlockBuilder* builder)
    : builder_(*builder), rest_(builder->AddColumn(kRestColumn, ColumnType::kString)) {}

std::optional<AttributeColumnsWriter::Kind> AttributeColumnsWriter::KindOf(const Value& value) {
  if (std::holds_alternative<std::string>(value.data)) return kText;
  if (std::holds_alternative<bool>(value.data)) return kFlag;
  if (std::holds_alternative<int64_t>(value.data)) return kInteger;
  if (std::holds_alternative<double>(value.data)) return kNumber;
  return std::nullopt;
}

void AttributeColumnsWriter::Count(const Attributes& attributes) {
  ++rows_;
  for (const Attribute& attribute : attributes) {
    if (const std::optional<Kind> kind = KindOf(attribute.value)) {
      ++names_[attribute.name].rows[*kind];
    }
  }
}

void AttributeColumnsWriter::Plan() {
  struct Candidate {
    uint32_t rows;
    std::string_view name;
    Kind kind;
    bool operator<(const Candidate& other) const {
      // The most frequent first; the rest only makes the choice reproducible.
      if (rows != other.rows) return rows > other.rows;
      return std::tie(name, kind) < std::tie(other.name, other.kind);
    }
  };
  std::vector<Candidate> candidates;
  for (const auto& [name, counted] : names_) {
    for (size_t kind = 0; kind < kKinds; ++kind) {
      const uint32_t rows = counted.rows[kind];
      if (rows < kMinColumnRows || rows * kMaxRowsPerEntry < rows_) continue;
      candidates.push_back({rows, name, static_cast<Kind>(kind)});
    }
  }
  std::sort(candidates.begin(), candidates.end());
  if (candidates.size() > kMaxAttributeColumns) candidates.resize(kMaxAttributeColumns);
  for (const Candidate& chosen : candidates) {
    names_.find(chosen.name)->second.columns[chosen.kind] =
        builder_.AddColumn(fmt::format("{}{}", kPrefix, chosen.name), kTypeOfKind[chosen.kind]);
  }
}

bool AttributeColumnsWriter::WriteToColumn(const Attribute& attribute) {
  const std::optional<Kind> kind = KindOf(attribute.value);
  if (!kind) return false;
  const auto name = names_.find(attribute.name);
  if (name == names_.end() || !name->second.columns[*kind]) return false;
  const RowBlockBuilder::Column column = *name->second.columns[*kind];
  switch (*kind) {
    case kText:
      builder_.SetString(column, std::get<std::string>(attribute.value.data));
      break;
    case kFlag:
      builder_.SetBool(column, std::get<bool>(attribute.value.data));
      break;
    case kInteger:
      builder_.SetInt(column, std::get<int64_t>(attribute.value.data));
      break;
    case kNumber:
      builder_.SetDouble(column, std::get<double>(attribute.value.data));
      break;
    case kKinds:
      return false;
  }
  return true;
}

void AttributeColumnsWriter::Write(const Attributes& attributes) {
  if (attributes.empty()) return;
  std::string encoded;
  if (HasRepeatedName(attributes)) {
    EncodeAttributes(attributes, &encoded);
    builder_.SetString(rest_, encoded);
    return;
  }
  Attributes rest;
  for (const Attribute& attribute : attributes) {
    if (!WriteToColumn(attribute)) rest.push_back(attribute);
  }
  if (rest.empty()) return;
  EncodeAttributes(rest, &encoded);
  builder_.SetString(rest_, encoded);
}

absl::StatusOr<AttributeColumns> AttributeColumns::Read(const RowBlockReader& reader) {
  AttributeColumns attributes;
  for (const RowBlockReader::ColumnInfo& info : reader.columns()) {
    if (!info.name.starts_with(kPrefix)) continue;
    VIGIL_RETURN_IF_ERROR(attributes.ReadColumn(reader, info));
  }
  VIGIL_RETURN_IF_ERROR(attributes.ReadRest(reader));
  return attributes;
}

absl::Status AttributeColumns::ReadColumn(const RowBlockReader& reader,
                                          const RowBlockReader::ColumnInfo& info) {
  Column column = {.name = std::string(info.name.substr(kPrefix.size())), .entries = {}};
  const auto take = [&column](auto read) {
    if (read.ok()) column.entries = *std::move(read);
    return read.status();
  };
  absl::Status status;
  switch (info.type) {
    case ColumnType::kString:
      status = take(reader.ReadStrings(info.name));
      break;
    case ColumnType::kBool:
      status = take(reader.ReadBools(info.name));
      break;
    case ColumnType::kInt:
      status = take(reader.ReadInts(info.name));
      break;
    case ColumnType::kDouble:
      status = take(reader.ReadDoubles(info.name));
      break;
    default:
      return absl::DataLossError(fmt::format("column {}: an attribute is not kept as {}", info.name,
                                             ColumnTypeName(info.type)));
  }
  VIGIL_RETURN_IF_ERROR(status);
  columns_.push_back(std::move(column));
  return absl::OkStatus();
}

absl::Status AttributeColumns::ReadRest(const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(const StringColumn column, reader.ReadStrings(kRestColumn));
  for (size_t row = 0; row < reader.rows(); ++row) {
    if (!column.Has(row)) continue;
    std::string_view bytes = column[row];
    VIGIL_ASSIGN_OR_RETURN_WITH(Attributes attributes, DecodeAttributes(&bytes), kRestColumn);
    if (!bytes.empty()) return absl::DataLossError("attributes: bytes too many");
    rest_.emplace(row, std::move(attributes));
  }
  return absl::OkStatus();
}

Attributes AttributeColumns::Row(size_t row) const {
  Attributes attributes;
  for (const Column& column : columns_) {
    std::visit(
        [&](const auto& entries) {
          if (!entries.Has(row)) return;
          if constexpr (std::is_same_v<std::decay_t<decltype(entries)>, StringColumn>) {
            attributes.push_back({column.name, Value{std::string(entries[row])}});
          } else {
            attributes.push_back({column.name, Value{entries[row]}});
          }
        },
        column.entries);
  }
  if (const auto rest = rest_.find(row); rest != rest_.end()) {
    attributes.insert(attributes.end(), rest->second.begin(), rest->second.end());
  }
  return attributes;
}

}  // namespace vigil::storage
