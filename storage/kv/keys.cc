// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/keys.h"

#include <utility>

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/strings.h"

namespace vigil::storage {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

// AppendTerminated: what follows a 0x00. The end sorts before an escaped 0x00, which sorts before
// every other byte, so that "a" < "a\0" < "a\1" holds of the encoded forms too.
constexpr char kEnd = '\x01';
constexpr char kEscapedZero = '\xFF';

template <typename T>
void AppendBigEndian(T value, std::string* key) {
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
  }
  key->append(bytes, sizeof(T));
}

}  // namespace

KeyWriter& KeyWriter::AppendU8(uint8_t value) {
  key_.push_back(static_cast<char>(value));
  return *this;
}

KeyWriter& KeyWriter::AppendU32(uint32_t value) {
  AppendBigEndian(value, &key_);
  return *this;
}

KeyWriter& KeyWriter::AppendU64(uint64_t value) {
  AppendBigEndian(value, &key_);
  return *this;
}

KeyWriter& KeyWriter::AppendI64(int64_t value) {
  return AppendU64(static_cast<uint64_t>(value) ^ kSignBit);
}

KeyWriter& KeyWriter::AppendBytes(std::string_view bytes) {
  key_.append(bytes);
  return *this;
}

KeyWriter& KeyWriter::AppendTerminated(std::string_view bytes) {
  for (const char c : bytes) {
    key_.push_back(c);
    if (c == '\0') key_.push_back(kEscapedZero);
  }
  key_.push_back('\0');
  key_.push_back(kEnd);
  return *this;
}

std::string KeyWriter::Take() { return std::exchange(key_, {}); }

template <typename T>
T KeyReader::ReadBigEndian() {
  T value = 0;
  for (const char c : ReadBytes(sizeof(T))) {
    value = static_cast<T>(uint64_t{value} << 8 | static_cast<uint8_t>(c));
  }
  return value;
}

uint8_t KeyReader::ReadU8() { return ReadBigEndian<uint8_t>(); }
uint32_t KeyReader::ReadU32() { return ReadBigEndian<uint32_t>(); }
uint64_t KeyReader::ReadU64() { return ReadBigEndian<uint64_t>(); }

int64_t KeyReader::ReadI64() {
  const uint64_t encoded = ReadU64();
  return failed_ ? 0 : static_cast<int64_t>(encoded ^ kSignBit);
}

std::string_view KeyReader::ReadBytes(size_t size) {
  if (failed_ || size > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

std::string_view KeyReader::ReadRest() { return ReadBytes(rest_.size()); }

std::string KeyReader::ReadTerminated() {
  std::string bytes;
  while (!failed_) {
    const char c = static_cast<char>(ReadU8());
    if (c != '\0') {
      bytes.push_back(c);
      continue;
    }
    const char next = static_cast<char>(ReadU8());
    if (next == kEnd) return bytes;
    if (next != kEscapedZero) failed_ = true;
    bytes.push_back('\0');
  }
  return {};
}

absl::Status KeyReader::Finish(std::string_view what) const {
  if (!failed_ && rest_.empty()) return absl::OkStatus();
  return absl::DataLossError(fmt::format(
      "{} is {}: {}", what, failed_ ? "too short or badly escaped" : "too long", ToHex(key_)));
}

KeyRange PrefixRange(std::string_view prefix) { return {std::string(prefix), PrefixEnd(prefix)}; }

std::string ShardPrefix(TenantId tenant, uint8_t shard) {
  return KeyWriter().AppendTenant(tenant).AppendU8(shard).Take();
}

std::string PartitionPrefix(TenantId tenant, uint8_t shard, int64_t partition_start) {
  return KeyWriter().AppendTenant(tenant).AppendU8(shard).AppendI64(partition_start).Take();
}

uint32_t MetricHash(std::string_view metric_name) {
  const auto hash = static_cast<uint32_t>(XXH3_64bits(metric_name.data(), metric_name.size()));
  return hash == kTimestampColumns ? kTimestampColumns - 1 : hash;
}

}  // namespace vigil::storage
