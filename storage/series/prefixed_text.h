// SPDX-License-Identifier: Apache-2.0
//
// A text with its length in front, for texts that are mostly short: one byte, or five from 255 on.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace vigil::storage {

inline constexpr unsigned char kLongText = 0xFF;

inline size_t PrefixedSize(size_t text_bytes) {
  return text_bytes + (text_bytes < kLongText ? 1 : 1 + sizeof(uint32_t));
}

// Requires: PrefixedSize(text.size()) bytes at `at`; the text is shorter than 4 GiB.
inline void WritePrefixed(std::string_view text, char* at) {
  const auto length = static_cast<uint32_t>(text.size());
  if (length < kLongText) {
    *at++ = static_cast<char>(length);
  } else {
    *at++ = static_cast<char>(kLongText);
    std::memcpy(at, &length, sizeof(length));
    at += sizeof(length);
  }
  if (length > 0) std::memcpy(at, text.data(), length);
}

inline std::string_view ReadPrefixed(const char* at) {
  const auto first = static_cast<unsigned char>(*at++);
  if (first < kLongText) return {at, first};
  uint32_t length = 0;
  std::memcpy(&length, at, sizeof(length));
  return {at + sizeof(length), length};
}

}  // namespace vigil::storage
