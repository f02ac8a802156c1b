// SPDX-License-Identifier: Apache-2.0
//
// The smallest pieces of every persisted format: little-endian fixed-width integers, LEB128
// varints, zigzag varints, and texts with their length in front; and a reader that never leaves its
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <absl/status/status.h>

namespace vigil::storage {

// Bytes of the longest varint.
inline constexpr size_t kMaxVarintBytes = 10;

// Maps small magnitudes of either sign to small numbers: 0, -1, 1, -2, ... to 0, 1, 2, 3, ...
inline constexpr uint64_t Zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline constexpr int64_t Unzigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// Bytes that AppendVarint takes.
size_t VarintSize(uint64_t value);

void AppendVarint(uint64_t value, std::string* out);
inline void AppendZigzag(int64_t value, std::string* out) { AppendVarint(Zigzag(value), out); }
void AppendFixed32(uint32_t value, std::string* out);
void AppendFixed64(uint64_t value, std::string* out);
// Length as a varint, then the bytes.
void AppendText(std::string_view text, std::string* out);

// Reads from the front of bytes that it does not own. The first failure sticks: from then on every
// read gives zero or nothing, so that callers check once, before they use what they read to size
// anything. `field` names what is read in the message. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  uint8_t ReadByte(std::string_view field) {
    if (at_ == end_) return FailShort(field), 0;
    return static_cast<uint8_t>(*at_++);
  }
  uint64_t ReadVarint(std::string_view field) {
    if (at_ != end_ && static_cast<int8_t>(*at_) >= 0) return static_cast<uint8_t>(*at_++);
    return ReadLongVarint(field);
  }
  int64_t ReadZigzag(std::string_view field) { return Unzigzag(ReadVarint(field)); }
  uint32_t ReadFixed32(std::string_view field);
  uint64_t ReadFixed64(std::string_view field);
  // A varint that may be `max` at most.
  uint64_t ReadVarintUpTo(uint64_t max, std::string_view field);
  // The next `size` bytes, "" on failure.
  std::string_view ReadBytes(uint64_t size, std::string_view field);
  std::string_view ReadText(std::string_view field) { return ReadBytes(ReadVarint(field), field); }

  // Fails unless everything was read.
  void ExpectEnd(std::string_view field);
  // Makes the reader fail with DataLoss: "field: problem (at byte 17)".
  void Fail(std::string_view field, std::string_view problem);

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  std::string_view rest() const { return {at_, remaining()}; }

 private:
  uint64_t ReadLongVarint(std::string_view field);
  void FailShort(std::string_view field);

  const char* const begin_;
  const char* at_;
  const char* end_;
  absl::Status status_;
};

}  // namespace vigil::storage
