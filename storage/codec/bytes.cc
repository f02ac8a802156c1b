// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/bytes.h"

#include <bit>

#include <fmt/format.h>

namespace vigil::storage {
namespace {

static_assert(std::endian::native == std::endian::little,
              "fixed-width integers are copied as they are in memory");

}  // namespace

size_t VarintSize(uint64_t value) {
  // Seven bits a byte; 0 takes one byte.
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void AppendFixed32(uint32_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendFixed64(uint64_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendText(std::string_view text, std::string* out) {
  AppendVarint(text.size(), out);
  out->append(text);
}

uint32_t ByteReader::ReadFixed32(std::string_view field) {
  uint32_t value = 0;
  const std::string_view bytes = ReadBytes(sizeof(value), field);
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

uint64_t ByteReader::ReadFixed64(std::string_view field) {
  uint64_t value = 0;
  const std::string_view bytes = ReadBytes(sizeof(value), field);
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

uint64_t ByteReader::ReadVarintUpTo(uint64_t max, std::string_view field) {
  const uint64_t value = ReadVarint(field);
  if (value <= max) return value;
  Fail(field, fmt::format("{} is out of range, {} at most", value, max));
  return 0;
}

std::string_view ByteReader::ReadBytes(uint64_t size, std::string_view field) {
  if (size > remaining()) {
    FailShort(field);
    return {};
  }
  const std::string_view bytes(at_, size);
  at_ += size;
  return bytes;
}

void ByteReader::ExpectEnd(std::string_view field) {
  if (remaining() != 0) Fail(field, fmt::format("{} bytes too many", remaining()));
}

void ByteReader::Fail(std::string_view field, std::string_view problem) {
  if (status_.ok()) {
    status_ = absl::DataLossError(fmt::format("{}: {} (at byte {})", field, problem, at_ - begin_));
  }
  at_ = end_;
}

uint64_t ByteReader::ReadLongVarint(std::string_view field) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 7 * kMaxVarintBytes; shift += 7) {
    if (at_ == end_) return FailShort(field), 0;
    const auto byte = static_cast<uint8_t>(*at_++);
    // The tenth byte has room for the 64th bit only.
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  Fail(field, "varint of more than 64 bits");
  return 0;
}

void ByteReader::FailShort(std::string_view field) { Fail(field, "cut short"); }

}  // namespace vigil::storage
