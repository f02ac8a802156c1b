// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/id_column.h"

#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include "base/strings.h"
#include "storage/codec/int_column.h"

namespace vigil::storage {
namespace {

// Persisted: never renumber.
enum class IdEncoding : uint8_t { kRaw = 0, kDictionary = 1 };

// The dictionary form of `ids`, without the first byte.
std::string EncodeDictionary(std::string_view ids, size_t width) {
  absl::flat_hash_map<std::string_view, int64_t, StringHash, std::equal_to<>> numbers;
  std::string entries;
  std::vector<int64_t> indexes;
  for (size_t at = 0; at < ids.size(); at += width) {
    const std::string_view id = ids.substr(at, width);
    const auto [found, fresh] = numbers.try_emplace(id, static_cast<int64_t>(numbers.size()));
    if (fresh) entries += id;
    indexes.push_back(found->second);
  }
  std::string encoded;
  AppendVarint(numbers.size(), &encoded);
  encoded += entries;
  AppendIntColumn(indexes, &encoded);
  return encoded;
}

void ReadDictionary(ByteReader* reader, std::string_view field, size_t width, std::span<char> out) {
  std::vector<int64_t> indexes(out.size() / width);
  const uint64_t count = reader->ReadVarintUpTo(indexes.size(), field);
  const std::string_view entries = reader->ReadBytes(count * width, field);
  ReadIntColumn(reader, field, indexes);
  if (!reader->ok()) return;
  for (size_t i = 0; i < indexes.size(); ++i) {
    const auto index = static_cast<uint64_t>(indexes[i]);
    if (index >= count) {
      return reader->Fail(field, fmt::format("entry {} of a dictionary of {}", index, count));
    }
    std::memcpy(out.data() + i * width, entries.data() + index * width, width);
  }
}

}  // namespace

// +----------+---------------------------------------------------------------------------+
// | encoding | raw:         the ids                                                      |
// |          | dictionary:  varint number of entries, the entries, an integer column of  |
// |          |              n indexes of entries                                         |
// +----------+---------------------------------------------------------------------------+
void AppendIdColumn(std::string_view ids, size_t width, std::string* out) {
  if (ids.empty()) return;
  const std::string dictionary = EncodeDictionary(ids, width);
  if (dictionary.size() < ids.size()) {
    out->push_back(static_cast<char>(IdEncoding::kDictionary));
    *out += dictionary;
  } else {
    out->push_back(static_cast<char>(IdEncoding::kRaw));
    *out += ids;
  }
}

void ReadIdColumn(ByteReader* reader, std::string_view field, size_t width, std::span<char> out) {
  if (out.empty()) return;
  const uint8_t encoding = reader->ReadByte(field);
  if (!reader->ok()) return;
  switch (static_cast<IdEncoding>(encoding)) {
    case IdEncoding::kRaw: {
      const std::string_view ids = reader->ReadBytes(out.size(), field);
      if (reader->ok()) std::memcpy(out.data(), ids.data(), ids.size());
      return;
    }
    case IdEncoding::kDictionary:
      return ReadDictionary(reader, field, width, out);
  }
  reader->Fail(field, fmt::format("unknown id encoding {}", encoding));
}

std::string IdEncodingName(std::string_view bytes) {
  if (bytes.empty()) return "empty";
  switch (static_cast<IdEncoding>(bytes[0])) {
    case IdEncoding::kRaw:
      return "raw";
    case IdEncoding::kDictionary:
      return fmt::format("dictionary({})", ByteReader(bytes.substr(1)).ReadVarint("entries"));
  }
  return "unknown";
}

}  // namespace vigil::storage
