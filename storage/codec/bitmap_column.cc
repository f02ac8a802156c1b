// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/bitmap_column.h"

#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "storage/codec/int_column.h"

namespace vigil::storage {
namespace {

// Persisted: never renumber.
enum class BitmapEncoding : uint8_t {
  kNone = 0,
  kAll = 1,
  kBits = 2,
  kSetPositions = 3,
  kUnsetPositions = 4,
};

// Rarer than one in this, positions are shorter than bits as a rule.
constexpr size_t kRare = 16;

size_t ByteSize(size_t bits) { return (bits + 7) / 8; }

void AppendBits(const Bitmap& bits, std::string* out) {
  out->push_back(static_cast<char>(BitmapEncoding::kBits));
  out->append(reinterpret_cast<const char*>(bits.words().data()), ByteSize(bits.size()));
}

void AppendPositions(const Bitmap& bits, bool of, size_t count, std::string* out) {
  out->push_back(
      static_cast<char>(of ? BitmapEncoding::kSetPositions : BitmapEncoding::kUnsetPositions));
  std::vector<int64_t> positions;
  positions.reserve(count);
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits.Get(i) == of) positions.push_back(static_cast<int64_t>(i));
  }
  AppendVarint(count, out);
  AppendIntColumn(positions, out);
}

Bitmap ReadBits(ByteReader* reader, std::string_view field, size_t size) {
  const std::string_view bytes = reader->ReadBytes(ByteSize(size), field);
  return reader->ok() ? Bitmap::FromBytes(bytes, size) : Bitmap();
}

Bitmap ReadPositions(ByteReader* reader, std::string_view field, size_t size, bool of) {
  Bitmap at(size);
  std::vector<int64_t> positions(reader->ReadVarintUpTo(size, field));
  ReadIntColumn(reader, field, positions);
  if (!reader->ok()) return at;
  int64_t previous = -1;
  for (const int64_t position : positions) {
    if (position <= previous || position >= static_cast<int64_t>(size)) {
      reader->Fail(field, fmt::format("position {} of {} bits", position, size));
      return at;
    }
    at.Set(static_cast<size_t>(position));
    previous = position;
  }
  return of ? at : ~at;
}

}  // namespace

// +----------+-------------------------------------------------------------------+
// | encoding | none, all:                    nothing                             |
// |          | bits:                         ceil(n/8) bytes, low bit first      |
// |          | set and unset positions:      varint count, integer column of the |
// |          |                               positions in ascending order        |
// +----------+-------------------------------------------------------------------+
void AppendBitmap(const Bitmap& bits, std::string* out) {
  const size_t set = bits.Count();
  if (set == 0) {
    out->push_back(static_cast<char>(BitmapEncoding::kNone));
  } else if (set == bits.size()) {
    out->push_back(static_cast<char>(BitmapEncoding::kAll));
  } else if (set <= bits.size() / kRare) {
    AppendPositions(bits, true, set, out);
  } else if (bits.size() - set <= bits.size() / kRare) {
    AppendPositions(bits, false, bits.size() - set, out);
  } else {
    AppendBits(bits, out);
  }
}

Bitmap ReadBitmap(ByteReader* reader, std::string_view field, size_t size) {
  const uint8_t encoding = reader->ReadByte(field);
  if (!reader->ok()) return {};
  switch (static_cast<BitmapEncoding>(encoding)) {
    case BitmapEncoding::kNone:
      return Bitmap(size);
    case BitmapEncoding::kAll:
      return Bitmap(size, true);
    case BitmapEncoding::kBits:
      return ReadBits(reader, field, size);
    case BitmapEncoding::kSetPositions:
      return ReadPositions(reader, field, size, true);
    case BitmapEncoding::kUnsetPositions:
      return ReadPositions(reader, field, size, false);
  }
  reader->Fail(field, fmt::format("unknown bitmap encoding {}", encoding));
  return {};
}

}  // namespace vigil::storage
