// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <cstring>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "storage/codec/bytes.h"

namespace vigil::storage {
namespace {

uint32_t Checksum(std::string_view bytes) {
  return static_cast<uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

}  // namespace

void AppendChecksum(std::string* block) { AppendFixed32(Checksum(*block), block); }

absl::StatusOr<std::string_view> VerifyChecksum(std::string_view block) {
  if (block.size() < kChecksumBytes) {
    return absl::DataLossError(fmt::format("checksum: cut short, {} bytes in all", block.size()));
  }
  const std::string_view content = block.substr(0, block.size() - kChecksumBytes);
  uint32_t stored = 0;
  std::memcpy(&stored, content.data() + content.size(), sizeof(stored));
  const uint32_t computed = Checksum(content);
  if (stored != computed) {
    return absl::DataLossError(
        fmt::format("checksum: stored {:08x}, computed {:08x}", stored, computed));
  }
  return content;
}

}  // namespace vigil::storage
