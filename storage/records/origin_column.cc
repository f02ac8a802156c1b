// SPDX-License-Identifier: Apache-2.0
#include "storage/records/origin_column.h"

#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "storage/model/record_codec.h"
#include "storage/records/row_access.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kOriginColumn = "origin";

// Decodes each distinct text once, found by its address where the block kept a dictionary.
class OriginCache {
 public:
  absl::StatusOr<std::shared_ptr<const Origin>> Get(std::string_view encoded) {
    if (const auto known = by_address_.find(encoded.data());
        known != by_address_.end() && known->second.size == encoded.size()) {
      return known->second.origin;
    }
    std::shared_ptr<const Origin>& origin = by_text_[std::string(encoded)];
    if (origin == nullptr) {
      VIGIL_ASSIGN_OR_RETURN(Origin decoded, DecodeOrigin(encoded));
      origin = std::make_shared<const Origin>(std::move(decoded));
    }
    by_address_[encoded.data()] = {encoded.size(), origin};
    return origin;
  }

 private:
  struct Known {
    size_t size;
    std::shared_ptr<const Origin> origin;
  };
  absl::flat_hash_map<const char*, Known> by_address_;
  StringMap<std::shared_ptr<const Origin>> by_text_;
};

}  // namespace

OriginColumnWriter::OriginColumnWriter(RowBlockBuilder* builder)
    : builder_(*builder), column_(builder->AddColumn(kOriginColumn, ColumnType::kString)) {}

void OriginColumnWriter::Write(const Origin* origin) {
  std::string& encoded = encoded_[origin];
  // An encoded origin takes four bytes at least.
  if (encoded.empty()) encoded = EncodeOrigin(*origin);
  builder_.SetString(column_, encoded);
}

absl::StatusOr<std::vector<std::shared_ptr<const Origin>>> ReadOriginColumn(
    const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(const StringColumn column, reader.ReadStrings(kOriginColumn));
  VIGIL_RETURN_IF_ERROR(RequireEveryRow(column, reader.rows(), kOriginColumn));
  std::vector<std::shared_ptr<const Origin>> origins;
  origins.reserve(reader.rows());
  OriginCache cache;
  for (size_t row = 0; row < reader.rows(); ++row) {
    VIGIL_ASSIGN_OR_RETURN(std::shared_ptr<const Origin> origin, cache.Get(column[row]));
    origins.push_back(std::move(origin));
  }
  return origins;
}

}  // namespace vigil::storage
