// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/float_column.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "storage/codec/decimal_column.h"
#include "storage/codec/int_column.h"
#include "storage/codec/xor_column.h"

namespace vigil::storage {
namespace {

// Low four bits of the first byte; a decimal's exponent is in the high ones. Persisted: never
// renumber.
enum class FloatEncoding : uint8_t {
  kConstant = 0,
  kDecimal = 1,
  kXorGroups = 2,
  kXorBytes = 3,
  kBits = 4,
};
constexpr int kExponentShift = 4;
constexpr uint8_t kEncodingMask = 0x0F;
static_assert(kMaxDecimalExponent <= 0x0F);

void PutEncoding(FloatEncoding encoding, int exponent, std::string* out) {
  out->push_back(static_cast<char>(static_cast<int>(encoding) | exponent << kExponentShift));
}

bool IsConstant(std::span<const double> values) {
  const auto first = std::bit_cast<uint64_t>(values[0]);
  return std::all_of(values.begin(), values.end(),
                     [first](double value) { return std::bit_cast<uint64_t>(value) == first; });
}

// The shorter of the two forms of differences, with the first byte.
std::string EncodeXor(std::span<const double> values) {
  std::string groups;
  PutEncoding(FloatEncoding::kXorGroups, 0, &groups);
  AppendXorGroups(values, &groups);
  std::string bytes;
  PutEncoding(FloatEncoding::kXorBytes, 0, &bytes);
  AppendXorBytes(values, &bytes);
  return bytes.size() < groups.size() ? bytes : groups;
}

// The bits as integers: a sum that grows steadily has differences that are alike until it doubles.
std::string EncodeBits(std::span<const double> values) {
  std::vector<int64_t> bits(values.size());
  std::memcpy(bits.data(), values.data(), values.size_bytes());
  std::string column;
  PutEncoding(FloatEncoding::kBits, 0, &column);
  AppendIntColumn(bits, &column, CodecEffort::kThorough);
  return column;
}

// The shortest form of true floats.
std::string EncodeTrueFloats(std::span<const double> values, CodecEffort effort) {
  std::string shortest = EncodeXor(values);
  if (effort == CodecEffort::kThorough) {
    std::string bits = EncodeBits(values);
    if (bits.size() < shortest.size()) shortest = std::move(bits);
  }
  return shortest;
}

// Bytes a value below which integers are taken without trying true floats, which hardly ever come
// down there and cost time to try.
constexpr size_t kGoodBytesPerValue = 2;

void ReadBits(ByteReader* reader, std::string_view field, size_t count, size_t begin,
              std::span<double> out) {
  std::vector<int64_t> bits(out.size());
  ReadIntColumnPart(reader, field, count, begin, bits);
  if (reader->ok()) std::memcpy(out.data(), bits.data(), out.size_bytes());
}

// Reads `count` values by `read`, and gives those from `begin` on.
template <typename Read>
void ReadAll(Read read, size_t count, size_t begin, std::span<double> out) {
  if (out.size() == count) return read(out);
  std::vector<double> all(count);
  read(std::span(all));
  std::copy_n(all.begin() + static_cast<ptrdiff_t>(begin), out.size(), out.begin());
}

}  // namespace

// +-----------------------------+------------------------------------------------------------+
// | low 4 bits encoding, high 4 | constant:           the 8 bytes of the value               |
// | bits exponent of a decimal  | decimal:            see decimal_column.cc                  |
// |                             | xor groups, bytes:  see xor_column.cc                      |
// |                             | bits:               integer column of the values' 64 bits  |
// +-----------------------------+------------------------------------------------------------+
void AppendFloatColumn(std::span<const double> values, std::string* out, CodecEffort effort) {
  if (values.empty()) return;
  const std::optional<DecimalColumn> decimal = EncodeDecimalColumn(values, effort);
  if (IsConstant(values)) {
    constexpr size_t kConstantBytes = 8;
    if (!decimal.has_value() || decimal->bytes.size() >= kConstantBytes) {
      PutEncoding(FloatEncoding::kConstant, 0, out);
      return AppendFixed64(std::bit_cast<uint64_t>(values[0]), out);
    }
  }
  const bool good =
      decimal.has_value() &&
      decimal->bytes.size() <= std::max<size_t>(8, kGoodBytesPerValue * values.size());
  const std::string differences = good ? std::string() : EncodeTrueFloats(values, effort);
  if (good || (decimal.has_value() && decimal->bytes.size() < differences.size())) {
    PutEncoding(FloatEncoding::kDecimal, decimal->exponent, out);
    *out += decimal->bytes;
  } else {
    *out += differences;
  }
}

void ReadFloatColumn(ByteReader* reader, std::string_view field, std::span<double> out) {
  ReadFloatColumnPart(reader, field, out.size(), 0, out);
}

void ReadFloatColumnPart(ByteReader* reader, std::string_view field, size_t count, size_t begin,
                         std::span<double> out) {
  if (count == 0) return;
  const uint8_t head = reader->ReadByte(field);
  switch (static_cast<FloatEncoding>(head & kEncodingMask)) {
    case FloatEncoding::kConstant: {
      const auto value = std::bit_cast<double>(reader->ReadFixed64(field));
      std::fill(out.begin(), out.end(), value);
      return;
    }
    case FloatEncoding::kDecimal:
      return ReadDecimalColumn(reader, field, head >> kExponentShift, count, begin, out);
    case FloatEncoding::kXorGroups:
      return ReadAll([&](auto all) { ReadXorGroups(reader, field, all); }, count, begin, out);
    case FloatEncoding::kXorBytes:
      return ReadAll([&](auto all) { ReadXorBytes(reader, field, all); }, count, begin, out);
    case FloatEncoding::kBits:
      return ReadBits(reader, field, count, begin, out);
  }
  reader->Fail(field, fmt::format("unknown float encoding {}", head & kEncodingMask));
}

std::string FloatEncodingName(std::string_view bytes) {
  if (bytes.empty()) return "empty";
  const auto head = static_cast<uint8_t>(bytes[0]);
  switch (static_cast<FloatEncoding>(head & kEncodingMask)) {
    case FloatEncoding::kConstant:
      return "constant";
    case FloatEncoding::kDecimal:
      return fmt::format("decimal({}) {}", head >> kExponentShift,
                         IntEncodingName(bytes.substr(1)));
    case FloatEncoding::kXorGroups:
      return "xor groups";
    case FloatEncoding::kXorBytes:
      return "xor bytes";
    case FloatEncoding::kBits:
      return fmt::format("bits {}", IntEncodingName(bytes.substr(1)));
  }
  return "unknown";
}

}  // namespace vigil::storage
