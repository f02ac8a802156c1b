// SPDX-License-Identifier: Apache-2.0
//
// Writes the protobuf wire format front to back, without making message objects: for answers that
// have many samples. The reader's side is collector/otlp/wire.h.
//
//   WireWriter wire(&bytes);
//   wire.Message(1, [&] { wire.Bytes(1, "name"); wire.Bytes(2, "value"); });
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigil {

// The bytes of a base-128 varint, appended.
inline void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// Appends fields; values that are proto3's defaults are written like others.
class WireWriter {
 public:
  explicit WireWriter(std::string* out) : out_(*out) {}

  // int32, int64, uint32, uint64, bool and enums.
  void Varint(uint32_t field, uint64_t value) {
    Tag(field, 0);
    AppendVarint(value, &out_);
  }
  // sint32 and sint64.
  void ZigZag(uint32_t field, int64_t value) {
    Varint(field, static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  void Double(uint32_t field, double value) {
    Tag(field, 1);
    AppendDouble(value);
  }
  void Bytes(uint32_t field, std::string_view bytes) {
    Tag(field, 2);
    AppendVarint(bytes.size(), &out_);
    out_ += bytes;
  }
  void PackedDoubles(uint32_t field, const std::vector<double>& values) {
    if (values.empty()) return;
    Tag(field, 2);
    AppendVarint(values.size() * sizeof(double), &out_);
    for (const double value : values) AppendDouble(value);
  }

  // A message that `write` writes the fields of. One of less than 128 bytes costs no move.
  template <typename Write>
  void Message(uint32_t field, const Write& write) {
    Tag(field, 2);
    out_.push_back('\0');
    const size_t begin = out_.size();
    write();
    const size_t size = out_.size() - begin;
    if (size < 0x80) {
      out_[begin - 1] = static_cast<char>(size);
      return;
    }
    std::string length;
    AppendVarint(size, &length);
    out_.replace(begin - 1, 1, length);
  }

 private:
  void Tag(uint32_t field, uint32_t type) { AppendVarint(field << 3 | type, &out_); }
  void AppendDouble(double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    char bytes[sizeof(bits)];
    for (size_t i = 0; i < sizeof(bits); ++i) bytes[i] = static_cast<char>(bits >> (8 * i));
    out_.append(bytes, sizeof(bytes));
  }

  std::string& out_;
};

}  // namespace vigil
