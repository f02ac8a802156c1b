// SPDX-License-Identifier: Apache-2.0
//
// Every column codec on any bytes: the first byte says which codec, the next two how many values.
// What decodes must encode and decode again to the same.
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/codec/bitmap_column.h"
#include "storage/codec/bytes.h"
#include "storage/codec/compress.h"
#include "storage/codec/effort.h"
#include "storage/codec/float_column.h"
#include "storage/codec/histogram_column.h"
#include "storage/codec/id_column.h"
#include "storage/codec/int_column.h"
#include "storage/codec/string_column.h"
#include "storage/model/value.h"
#include "tests/storage/codec/shapes.h"
#include "tests/testing/fuzz.h"

namespace vigil::storage {
namespace {

enum class Codec : uint8_t { kInt, kFloat, kBitmap, kString, kId, kHistogram, kCompress, kValue };
constexpr int kCodecs = 8;
constexpr size_t kIdWidth = 16;
// So that an input is done quickly.
constexpr size_t kMaxValues = 4096;
constexpr CodecEffort kEfforts[] = {CodecEffort::kQuick, CodecEffort::kThorough};

void TryInts(ByteReader* reader, size_t count) {
  std::vector<int64_t> values(count);
  ReadIntColumn(reader, "ints", values);
  if (!reader->ok()) return;
  for (const CodecEffort effort : kEfforts) {
    std::string bytes;
    AppendIntColumn(values, &bytes, effort);
    ByteReader again(bytes);
    std::vector<int64_t> decoded(count);
    ReadIntColumn(&again, "ints", decoded);
    VIGIL_CHECK(again.ok() && again.remaining() == 0 && decoded == values);
    ByteReader part_reader(bytes);
    std::vector<int64_t> part(count / 3);
    ReadIntColumnPart(&part_reader, "ints", count, count / 2, part);
    VIGIL_CHECK(part_reader.ok() && part_reader.remaining() == 0);
    VIGIL_CHECK(std::equal(part.begin(), part.end(), values.begin() + count / 2));
  }
}

void TryFloats(ByteReader* reader, size_t count) {
  std::vector<double> values(count);
  ReadFloatColumn(reader, "floats", values);
  if (!reader->ok()) return;
  for (const CodecEffort effort : kEfforts) {
    std::string bytes;
    AppendFloatColumn(values, &bytes, effort);
    ByteReader again(bytes);
    std::vector<double> decoded(count);
    ReadFloatColumn(&again, "floats", decoded);
    VIGIL_CHECK(again.ok() && again.remaining() == 0 && Bits(decoded) == Bits(values));
  }
}

void TryBitmap(ByteReader* reader, size_t count) {
  const Bitmap bits = ReadBitmap(reader, "bits", count);
  if (!reader->ok()) return;
  std::string bytes;
  AppendBitmap(bits, &bytes);
  ByteReader again(bytes);
  VIGIL_CHECK(ReadBitmap(&again, "bits", count) == bits && again.remaining() == 0);
}

void TryStrings(ByteReader* reader, size_t count) {
  std::vector<std::string_view> values(count);
  const auto text = ReadStringColumn(reader, "strings", values);
  if (!reader->ok()) return;
  std::string bytes;
  AppendStringColumn(values, &bytes);
  ByteReader again(bytes);
  std::vector<std::string_view> decoded(count);
  const auto text_again = ReadStringColumn(&again, "strings", decoded);
  VIGIL_CHECK(again.ok() && again.remaining() == 0 && decoded == values);
}

void TryIds(ByteReader* reader, size_t count) {
  std::string ids(count * kIdWidth, '\0');
  ReadIdColumn(reader, "ids", kIdWidth, ids);
  if (!reader->ok()) return;
  std::string bytes;
  AppendIdColumn(ids, kIdWidth, &bytes);
  ByteReader again(bytes);
  std::string decoded(ids.size(), '\0');
  ReadIdColumn(&again, "ids", kIdWidth, decoded);
  VIGIL_CHECK(again.ok() && again.remaining() == 0 && decoded == ids);
}

void TryHistograms(ByteReader* reader, size_t count) {
  HistogramRows values(count);
  ReadHistogramColumn(reader, "histograms", values);
  if (!reader->ok()) return;
  std::string bytes;
  AppendHistogramColumn(values, &bytes);
  ByteReader again(bytes);
  HistogramRows decoded(count);
  ReadHistogramColumn(&again, "histograms", decoded);
  VIGIL_CHECK(again.ok() && again.remaining() == 0);
  for (size_t i = 0; i < count; ++i) VIGIL_CHECK(*decoded[i] == *values[i]);
}

void TryValue(std::string_view bytes) {
  const absl::StatusOr<Value> value = DecodeValue(&bytes);
  if (!value.ok()) return;
  std::string encoded;
  EncodeValue(*value, &encoded);
  std::string_view rest = encoded;
  VIGIL_CHECK(*DecodeValue(&rest) == *value && rest.empty());
  ToText(*value);
}

void Try(Codec codec, ByteReader* reader, size_t count) {
  switch (codec) {
    case Codec::kInt:
      return TryInts(reader, count);
    case Codec::kFloat:
      return TryFloats(reader, count);
    case Codec::kBitmap:
      return TryBitmap(reader, count);
    case Codec::kString:
      return TryStrings(reader, count);
    case Codec::kId:
      return TryIds(reader, count);
    case Codec::kHistogram:
      return TryHistograms(reader, count);
    case Codec::kCompress:
      ReadCompressed(reader, "text");
      return;
    case Codec::kValue:
      return TryValue(reader->rest());
  }
}

std::string Seed(Codec codec, size_t count, std::string_view bytes) {
  std::string seed(1, static_cast<char>(codec));
  seed.push_back(static_cast<char>(count));
  seed.push_back(static_cast<char>(count >> 8));
  return seed.append(bytes);
}

template <typename T, typename Append>
void AddSeeds(const std::vector<Shape<T>>& shapes, Codec codec, Append append,
              std::vector<std::string>* seeds) {
  for (const Shape<T>& shape : shapes) {
    for (const CodecEffort effort : kEfforts) {
      std::string bytes;
      append(shape.values, &bytes, effort);
      seeds->push_back(Seed(codec, shape.values.size(), bytes));
    }
  }
}

}  // namespace
}  // namespace vigil::storage

namespace vigil::testing {

std::vector<std::string> FuzzSeeds() {
  using namespace vigil::storage;  // NOLINT: the codecs, all of them.
  std::vector<std::string> seeds;
  std::vector<int64_t> long_column;  // Read in pieces.
  for (int64_t i = 0; i < 3000; ++i) long_column.push_back(i * 1000 + i * i % 1009);
  AddSeeds<int64_t>({{"long", long_column}}, Codec::kInt, AppendIntColumn, &seeds);
  AddSeeds(IntShapes(), Codec::kInt, AppendIntColumn, &seeds);
  AddSeeds(FloatShapes(), Codec::kFloat, AppendFloatColumn, &seeds);
  AddSeeds(HistogramShapes(), Codec::kHistogram, AppendHistogramColumn, &seeds);
  std::string bytes;
  AppendStringColumn(std::vector<std::string_view>{"a", "b", "a", "b", "", ""}, &bytes);
  seeds.push_back(Seed(Codec::kString, 6, bytes));
  bytes.clear();
  AppendStringColumn(std::vector<std::string_view>{"only", "plain", "texts"}, &bytes);
  seeds.push_back(Seed(Codec::kString, 3, bytes));
  bytes.clear();
  AppendIdColumn(std::string(kIdWidth * 4, 'i'), kIdWidth, &bytes);
  seeds.push_back(Seed(Codec::kId, 4, bytes));
  bytes.clear();
  Bitmap sparse(600);
  sparse.Set(77);
  sparse.Set(300);
  AppendBitmap(sparse, &bytes);
  seeds.push_back(Seed(Codec::kBitmap, 600, bytes));
  bytes.clear();
  AppendCompressed(std::string(1000, 'c'), &bytes);
  seeds.push_back(Seed(Codec::kCompress, 0, bytes));
  bytes.clear();
  EncodeValue({Attributes{{"a", {int64_t{1}}}, {"b", {ValueList{{true}, {2.5}, {"text"}}}}}},
              &bytes);
  seeds.push_back(Seed(Codec::kValue, 0, bytes));
  return seeds;
}

}  // namespace vigil::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigil::storage;  // NOLINT: the codecs, all of them.
  if (size < 3) return 0;
  const auto codec = static_cast<Codec>(data[0] % kCodecs);
  const size_t count = (data[1] | static_cast<size_t>(data[2]) << 8) % kMaxValues;
  // On the heap without a byte to spare, for the sanitizers.
  const std::vector<char> bytes(data + 3, data + size);
  ByteReader reader({bytes.data(), bytes.size()});
  Try(codec, &reader, count);
  return 0;
}
