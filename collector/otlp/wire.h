// SPDX-License-Identifier: Apache-2.0
//
// Walks the protobuf wire format without making message objects: the hot path of ingest reads each
// byte once. Header-only so that the compiler sees through it.
//
//   WireReader reader(bytes);
//   while (reader.NextField()) {
//     if (reader.field() == 1 && reader.type() == WireType::kBytes) name = reader.Bytes();
//     else reader.Skip();
//   }
//   if (!reader.ok()) ...
//
// Format: https://protobuf.dev/programming-guides/encoding (varints of at most ten bytes, tags of
// field number * 8 + wire type, little-endian fixed widths). What is well-formed is what
// libprotobuf takes: tags and lengths have at most five bytes, of a tag the low 32 bits count.
// Only the nesting of groups is counted differently: in each message from 0.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace vigil::collector {

enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

// What all readers do alike. `Source` gives the bytes of the message:
//   bool AtEnd() const;
//   uint8_t TakeByte();               // Requires !AtEnd().
//   bool Pass(uint64_t size);         // False if there are fewer.
//   void Stop();                      // Nothing is left.
template <typename Source>
class FieldReader {
 public:
  bool ok() const { return ok_; }

  // Moves to the next field; false at the end of the message or on an error.
  bool NextField() {
    if (source().AtEnd() || !ok_) return false;
    const auto tag = static_cast<uint32_t>(ReadVarint(kMaxShortVarintBytes));
    type_ = static_cast<WireType>(tag & 7);
    field_ = tag >> 3;
    if (field_ == 0 || (tag & 7) > 5) Fail();
    return ok_;
  }

  uint32_t field() const { return field_; }
  WireType type() const { return type_; }
  bool Is(uint32_t field, WireType type) const { return field_ == field && type_ == type; }

  // The value of the current field. Requires: type() fits.
  uint64_t Varint() { return ReadVarint(kMaxVarintBytes); }

  // Passes over the current field's value. Groups, which proto3 does not have, are passed over
  // balanced.
  void Skip() {
    switch (type_) {
      case WireType::kVarint:
        Varint();
        break;
      case WireType::kFixed64:
        PassOrFail(sizeof(uint64_t));
        break;
      case WireType::kBytes:
        PassOrFail(ReadSize());
        break;
      case WireType::kStartGroup:
        SkipGroup();
        break;
      case WireType::kEndGroup:
        Fail();
        break;
      case WireType::kFixed32:
        PassOrFail(sizeof(uint32_t));
        break;
    }
  }

 protected:
  uint64_t ReadSize() { return ReadVarint(kMaxShortVarintBytes); }

  void Fail() {
    ok_ = false;
    source().Stop();
  }

 private:
  // protobuf's own limit on nesting.
  static constexpr int kMaxGroupDepth = 100;
  static constexpr int kMaxVarintBytes = 10;
  static constexpr int kMaxShortVarintBytes = 5;  // Of a tag or a length.

  Source& source() { return static_cast<Source&>(*this); }

  uint64_t ReadVarint(int max_bytes) {
    if (source().AtEnd()) {
      Fail();
      return 0;
    }
    const uint8_t first = source().TakeByte();
    return first < 0x80 ? first : ReadLongVarint(first, max_bytes);
  }

  uint64_t ReadLongVarint(uint8_t first, int max_bytes) {
    uint64_t value = first & 0x7F;
    for (int shift = 7; shift < 7 * max_bytes; shift += 7) {
      if (source().AtEnd()) break;
      const uint8_t byte = source().TakeByte();
      value |= static_cast<uint64_t>(byte & 0x7F) << (shift > 63 ? 63 : shift);
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }

  void PassOrFail(uint64_t size) {
    if (!source().Pass(size)) Fail();
  }

  void SkipGroup() {
    uint32_t open[kMaxGroupDepth];
    int depth = 0;
    open[depth++] = field_;
    while (depth > 0 && NextField()) {
      if (type_ == WireType::kStartGroup) {
        if (depth == kMaxGroupDepth) return Fail();
        open[depth++] = field_;
      } else if (type_ == WireType::kEndGroup) {
        if (open[--depth] != field_) return Fail();
      } else {
        Skip();
      }
    }
    if (depth > 0) Fail();
  }

  uint32_t field_ = 0;
  WireType type_ = WireType::kVarint;
  bool ok_ = true;
};

// Reads one message that lies in one piece. After an error ok() is false, NextField is false and
// values are zero. Borrows the bytes.
class WireReader : public FieldReader<WireReader> {
 public:
  explicit WireReader(std::string_view message)
      : at_(message.data()), end_(message.data() + message.size()) {}

  bool AtEnd() const { return at_ == end_; }

  bool NextField() {
    field_begin_ = at_;
    return FieldReader::NextField();
  }
  // Where the current field's tag begins, and where reading goes on.
  const char* field_begin() const { return field_begin_; }
  const char* at() const { return at_; }

  // The value of the current field. Requires: type() fits.
  uint64_t Fixed64() { return ReadFixed<uint64_t>(); }
  uint32_t Fixed32() { return ReadFixed<uint32_t>(); }
  double Double() { return std::bit_cast<double>(ReadFixed<uint64_t>()); }
  std::string_view Bytes() {
    const uint64_t size = ReadSize();
    const char* const begin = at_;
    if (Pass(size)) return {begin, size};
    Fail();
    return {};
  }

 private:
  friend class FieldReader<WireReader>;

  uint8_t TakeByte() { return static_cast<uint8_t>(*at_++); }
  bool Pass(uint64_t size) {
    if (size > static_cast<uint64_t>(end_ - at_)) return false;
    at_ += size;
    return true;
  }
  void Stop() { at_ = end_; }

  template <typename T>
  T ReadFixed() {
    const char* const begin = at_;
    T value = 0;
    if (Pass(sizeof(T))) {
      std::memcpy(&value, begin, sizeof(T));
    } else {
      Fail();
    }
    return value;
  }

  const char* at_;
  const char* const end_;
  const char* field_begin_ = nullptr;
};

// Calls visit(read(reader)) for each field `field` of bytes in what `reader` reads. False if that
// is malformed, possibly after some visits.
template <typename Reader, typename Read, typename Visit>
bool ForEachField(Reader reader, uint32_t field, const Read& read, const Visit& visit) {
  while (reader.NextField()) {
    if (reader.Is(field, WireType::kBytes)) {
      const auto value = read(reader);
      if (reader.ok()) visit(value);
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

// Calls `visit` for each message in field `field` of the message `bytes`; false as above.
template <typename Visit>
bool ForEachMessage(std::string_view bytes, uint32_t field, const Visit& visit) {
  return ForEachField(
      WireReader(bytes), field, [](WireReader& reader) { return reader.Bytes(); }, visit);
}

}  // namespace vigil::collector
