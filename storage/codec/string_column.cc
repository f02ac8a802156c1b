// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/string_column.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include "base/strings.h"
#include "storage/codec/compress.h"
#include "storage/codec/int_column.h"

namespace vigil::storage {
namespace {

// Persisted: never renumber.
enum class StringEncoding : uint8_t { kConstant = 0, kDictionary = 1, kPlain = 2 };

using Texts = std::vector<std::string_view>;

// The distinct values in order of appearance, and which of them each value is.
struct Dictionary {
  Texts entries;
  std::vector<int64_t> indexes;
};

// nullopt if more than half of the values are distinct: an index and a text cost more than the text
// then.
std::optional<Dictionary> BuildDictionary(std::span<const std::string_view> values) {
  Dictionary dictionary;
  dictionary.indexes.reserve(values.size());
  absl::flat_hash_map<std::string_view, int64_t, StringHash, std::equal_to<>> numbers;
  for (const std::string_view value : values) {
    const auto [at, fresh] =
        numbers.try_emplace(value, static_cast<int64_t>(dictionary.entries.size()));
    if (fresh) {
      dictionary.entries.push_back(value);
      if (dictionary.entries.size() > values.size() / 2) return std::nullopt;
    }
    dictionary.indexes.push_back(at->second);
  }
  return dictionary;
}

// +-----------------------------+-----------------------------------------+
// | integer column: the lengths | all texts together, see compress.cc     |
// +-----------------------------+-----------------------------------------+
void AppendTexts(std::span<const std::string_view> texts, std::string* out) {
  std::vector<int64_t> lengths;
  lengths.reserve(texts.size());
  size_t total = 0;
  for (const std::string_view text : texts) {
    lengths.push_back(static_cast<int64_t>(text.size()));
    total += text.size();
  }
  std::string joined;
  joined.reserve(total);
  for (const std::string_view text : texts) joined += text;
  AppendIntColumn(lengths, out);
  AppendCompressed(joined, out);
}

std::shared_ptr<const std::string> ReadTexts(ByteReader* reader, std::string_view field,
                                             std::span<std::string_view> out) {
  std::vector<int64_t> lengths(out.size());
  ReadIntColumn(reader, field, lengths);
  auto joined = std::make_shared<const std::string>(ReadCompressed(reader, field));
  if (!reader->ok()) return joined;
  std::string_view rest = *joined;
  for (size_t i = 0; i < out.size(); ++i) {
    const auto length = static_cast<uint64_t>(lengths[i]);
    if (length > rest.size()) {
      reader->Fail(field, fmt::format("text {} of {} bytes, {} left", i, length, rest.size()));
      return joined;
    }
    out[i] = rest.substr(0, length);
    rest.remove_prefix(length);
  }
  if (!rest.empty()) reader->Fail(field, fmt::format("{} bytes of text too many", rest.size()));
  return joined;
}

std::shared_ptr<const std::string> ReadDictionary(ByteReader* reader, std::string_view field,
                                                  std::span<std::string_view> out) {
  Texts entries(reader->ReadVarintUpTo(out.size(), field));
  auto text = ReadTexts(reader, field, entries);
  std::vector<int64_t> indexes(out.size());
  ReadIntColumn(reader, field, indexes);
  if (!reader->ok()) return text;
  for (size_t i = 0; i < out.size(); ++i) {
    const auto index = static_cast<uint64_t>(indexes[i]);
    if (index >= entries.size()) {
      reader->Fail(field, fmt::format("entry {} of a dictionary of {}", index, entries.size()));
      return text;
    }
    out[i] = entries[index];
  }
  return text;
}

}  // namespace

// +----------+----------------------------------------------------------------------------+
// | encoding | constant:    texts (one)                                                   |
// |          | dictionary:  varint number of entries, texts (the entries, distinct), then |
// |          |              an integer column of n indexes of entries                     |
// |          | plain:       texts (n)                                                     |
// +----------+----------------------------------------------------------------------------+
void AppendStringColumn(std::span<const std::string_view> values, std::string* out) {
  if (values.empty()) return;
  const bool constant = std::all_of(values.begin(), values.end(), [&](std::string_view value) {
    return value == values.front();
  });
  if (constant) {
    out->push_back(static_cast<char>(StringEncoding::kConstant));
    return AppendTexts(values.first(1), out);
  }
  const std::optional<Dictionary> dictionary = BuildDictionary(values);
  if (!dictionary.has_value()) {
    out->push_back(static_cast<char>(StringEncoding::kPlain));
    return AppendTexts(values, out);
  }
  out->push_back(static_cast<char>(StringEncoding::kDictionary));
  AppendVarint(dictionary->entries.size(), out);
  AppendTexts(dictionary->entries, out);
  AppendIntColumn(dictionary->indexes, out);
}

std::shared_ptr<const std::string> ReadStringColumn(ByteReader* reader, std::string_view field,
                                                    std::span<std::string_view> out) {
  static const auto* const kNoText =
      new std::shared_ptr<const std::string>(std::make_shared<const std::string>());
  if (out.empty()) return *kNoText;
  const uint8_t encoding = reader->ReadByte(field);
  if (!reader->ok()) return *kNoText;
  switch (static_cast<StringEncoding>(encoding)) {
    case StringEncoding::kConstant: {
      auto text = ReadTexts(reader, field, out.first(1));
      std::fill(out.begin() + 1, out.end(), out.front());
      return text;
    }
    case StringEncoding::kDictionary:
      return ReadDictionary(reader, field, out);
    case StringEncoding::kPlain:
      return ReadTexts(reader, field, out);
  }
  reader->Fail(field, fmt::format("unknown string encoding {}", encoding));
  return *kNoText;
}

std::string StringEncodingName(std::string_view bytes) {
  if (bytes.empty()) return "empty";
  switch (static_cast<StringEncoding>(bytes[0])) {
    case StringEncoding::kConstant:
      return "constant";
    case StringEncoding::kDictionary:
      return fmt::format("dictionary({})", ByteReader(bytes.substr(1)).ReadVarint("entries"));
    case StringEncoding::kPlain:
      return "plain";
  }
  return "unknown";
}

}  // namespace vigil::storage
