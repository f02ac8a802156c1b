// SPDX-License-Identifier: Apache-2.0
//
// Appends protobuf fields to a string, so that making requests costs the generator little.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace vigil::load {

inline void AppendVarint(uint64_t value, std::string* out) {
  while (value > 0x7F) {
    *out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out += static_cast<char>(value);
}

inline void AppendVarintField(uint32_t field, uint64_t value, std::string* out) {
  AppendVarint(field << 3, out);
  AppendVarint(value, out);
}

inline void AppendFixed64Field(uint32_t field, uint64_t value, std::string* out) {
  AppendVarint(field << 3 | 1, out);
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

inline void AppendDoubleField(uint32_t field, double value, std::string* out) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  AppendFixed64Field(field, bits, out);
}

inline void AppendBytesField(uint32_t field, std::string_view bytes, std::string* out) {
  AppendVarint(field << 3 | 2, out);
  AppendVarint(bytes.size(), out);
  out->append(bytes);
}

}  // namespace vigil::load
