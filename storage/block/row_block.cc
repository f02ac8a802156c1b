// SPDX-License-Identifier: Apache-2.0
#include "storage/block/row_block.h"

namespace vigil::storage {

std::string_view ColumnTypeName(ColumnType type) {
  switch (type) {
    case ColumnType::kInt:
      return "int";
    case ColumnType::kDouble:
      return "double";
    case ColumnType::kString:
      return "string";
    case ColumnType::kBool:
      return "bool";
    case ColumnType::kId16:
      return "id16";
    case ColumnType::kId8:
      return "id8";
    case ColumnType::kValue:
      return "value";
  }
  return "unknown";
}

}  // namespace vigil::storage
