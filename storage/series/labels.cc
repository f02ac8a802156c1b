// SPDX-License-Identifier: Apache-2.0
#include "storage/series/labels.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/codec/bytes.h"

namespace vigil::storage {
namespace {

// Reads a length and the text behind it; false if the bytes end early.
bool ReadText(const char** at, const char* end, std::string_view* text) {
  uint64_t length = 0;
  for (int shift = 0;; shift += 7) {
    if (*at == end || shift > 28) return false;
    const auto byte = static_cast<unsigned char>(*(*at)++);
    length |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  if (length > static_cast<uint64_t>(end - *at)) return false;
  *text = {*at, length};
  *at += length;
  return true;
}

// How many bytes both begin with.
size_t CommonBytes(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  size_t at = 0;
  for (uint64_t x, y; at + sizeof(x) <= size; at += sizeof(x)) {
    std::memcpy(&x, a.data() + at, sizeof(x));
    std::memcpy(&y, b.data() + at, sizeof(y));
    if (x != y) return at + static_cast<size_t>(std::countr_zero(x ^ y)) / 8;
  }
  while (at < size && a[at] == b[at]) ++at;
  return at;
}

void AppendLabel(LabelView label, std::string* packed) {
  AppendText(label.name, packed);
  AppendText(label.value, packed);
}

// Makes room for `labels`, so that sets which are kept hold no more than they need.
template <typename LabelList>
void ReserveFor(const LabelList& labels, std::string* packed) {
  size_t bytes = 0;
  for (const auto& label : labels) {
    for (const std::string_view text :
         {std::string_view(label.name), std::string_view(label.value)}) {
      bytes += VarintSize(text.size()) + text.size();
    }
  }
  packed->reserve(bytes);
}

// What of a character Go shows by a letter behind a backslash; 0 for none.
char LetterOf(char c) {
  constexpr std::string_view kEscaped = "\"\\\a\b\f\n\r\t\v";
  constexpr std::string_view kLetters = "\"\\abfnrtv";
  const size_t at = kEscaped.find(c);
  return at == std::string_view::npos ? '\0' : kLetters[at];
}

// Spaces other than the plain one, and characters that format or control. Go leaves those that no
// version of Unicode has assigned unprinted as well; they are printed here.
bool IsPrintable(uint32_t rune) {
  constexpr std::pair<uint32_t, uint32_t> kUnprintable[] = {
      {0x7F, 0xA0},     {0xAD, 0xAD},       {0x600, 0x605},     {0x61C, 0x61C},   {0x6DD, 0x6DD},
      {0x70F, 0x70F},   {0x1680, 0x1680},   {0x180E, 0x180E},   {0x2000, 0x200F}, {0x2028, 0x202F},
      {0x205F, 0x206F}, {0x3000, 0x3000},   {0xE000, 0xF8FF},   {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB},
      {0xFFFE, 0xFFFF}, {0xE0001, 0xE007F}, {0xF0000, 0x10FFFF}};
  return rune >= 0x20 &&
         std::none_of(std::begin(kUnprintable), std::end(kUnprintable), [rune](const auto& range) {
           return range.first <= rune && rune <= range.second;
         });
}

// How many bytes a character that begins with `lead` has, if it is one.
size_t LengthBehind(unsigned char lead) {
  if (lead < 0xC0) return 1;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// Appends the first character of `text` as Quote has it; returns how many bytes that is.
size_t AppendEscaped(std::string_view text, std::string* quoted) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (const char letter = LetterOf(text[0]); letter != '\0') {
    *quoted += '\\';
    *quoted += letter;
    return 1;
  }
  const std::string_view bytes = text.substr(0, LengthBehind(lead));
  const bool ascii = lead < 0x80;
  if (ascii ? !IsPrintable(lead) : !IsValidUtf8(bytes)) {
    *quoted += fmt::format("\\x{:02x}", lead);
    return 1;
  }
  uint32_t rune = ascii ? lead : lead & (0xFFu >> (bytes.size() + 1));
  for (const char c : bytes.substr(1)) rune = rune << 6 | (static_cast<unsigned char>(c) & 0x3F);
  if (IsPrintable(rune)) {
    *quoted += bytes;
  } else {
    *quoted += rune < 0x10000 ? fmt::format("\\u{:04x}", rune) : fmt::format("\\U{:08x}", rune);
  }
  return bytes.size();
}

}  // namespace

void Labels::Iterator::Decode() {
  at_ = next_;
  if (at_ == end_) return;
  // The bytes were checked when the set was made.
  VIGIL_CHECK(ReadText(&next_, end_, &label_.name) && ReadText(&next_, end_, &label_.value));
}

Labels::Labels(std::vector<Label> labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  ReserveFor(labels, &packed_);
  for (size_t i = 0; i < labels.size(); ++i) {
    const bool repeated = i + 1 < labels.size() && labels[i + 1].name == labels[i].name;
    if (repeated || labels[i].value.empty()) continue;
    AppendLabel({labels[i].name, labels[i].value}, &packed_);
  }
}

Labels::Labels(std::initializer_list<LabelView> labels) {
  std::vector<Label> copies;
  copies.reserve(labels.size());
  for (const LabelView& label : labels) {
    copies.push_back({std::string(label.name), std::string(label.value)});
  }
  *this = Labels(std::move(copies));
}

absl::StatusOr<Labels> Labels::FromPacked(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  std::string_view previous;
  while (at != end) {
    LabelView label;
    if (!ReadText(&at, end, &label.name) || !ReadText(&at, end, &label.value)) {
      return absl::DataLossError(
          fmt::format("label set is cut short at byte {}", at - bytes.data()));
    }
    if (label.name.empty() || label.value.empty() || label.name <= previous) {
      return absl::DataLossError(fmt::format(
          "label set has an empty or misplaced label before byte {}", at - bytes.data()));
    }
    previous = label.name;
  }
  Labels labels;
  labels.packed_ = bytes;
  return labels;
}

Labels Labels::FromSorted(const std::vector<LabelView>& labels) {
  Labels sorted;
  ReserveFor(labels, &sorted.packed_);
  for (const LabelView& label : labels) AppendLabel(label, &sorted.packed_);
  return sorted;
}

size_t Labels::size() const { return std::distance(begin(), end()); }

std::string_view Labels::Get(std::string_view name) const {
  for (const LabelView& label : *this) {
    if (label.name == name) return label.value;
    if (label.name > name) break;
  }
  return {};
}

uint64_t Labels::Hash() const { return XXH3_64bits(packed_.data(), packed_.size()); }

std::string Labels::ToString() const {
  std::string text(MetricName());
  const bool bare_name = !text.empty() && size() == 1;
  if (bare_name) return text;
  text += '{';
  bool first = true;
  for (const LabelView& label : *this) {
    if (label.name == kMetricName) continue;
    text += fmt::format("{}{}={}", first ? "" : ", ", label.name, Quote(label.value));
    first = false;
  }
  return text + '}';
}

Labels Labels::KeepOnly(const std::vector<std::string>& names) const {
  Labels kept;
  for (const LabelView& label : *this) {
    if (std::find(names.begin(), names.end(), label.name) != names.end()) {
      AppendLabel(label, &kept.packed_);
    }
  }
  return kept;
}

Labels Labels::Without(const std::vector<std::string>& names, bool drop_name) const {
  Labels kept;
  for (const LabelView& label : *this) {
    if (drop_name && label.name == kMetricName) continue;
    if (std::find(names.begin(), names.end(), label.name) == names.end()) {
      AppendLabel(label, &kept.packed_);
    }
  }
  return kept;
}

Labels Labels::WithoutMetadata() const {
  Labels kept;
  kept.packed_.reserve(packed_.size());
  for (const LabelView& label : *this) {
    if (label.name == kMetricName || label.name == kMetricType || label.name == kMetricUnit) {
      continue;
    }
    AppendLabel(label, &kept.packed_);
  }
  return kept;
}

std::strong_ordering operator<=>(const Labels& a, const Labels& b) {
  // Names and values stand in turn, in the order in which they count: the first that is not the
  // same decides. Where one set ends before that, it has fewer labels.
  const std::string_view x = a.packed();
  const std::string_view y = b.packed();
  const size_t same = CommonBytes(x, y);
  if (same == std::min(x.size(), y.size())) return x.size() <=> y.size();
  const char* at = x.data();
  const char* const end = x.data() + x.size();
  std::string_view text;
  const char* next = at;
  while (ReadText(&next, end, &text) && next <= x.data() + same) at = next;
  const char* other_at = y.data() + (at - x.data());
  std::string_view other;
  VIGIL_CHECK(ReadText(&other_at, y.data() + y.size(), &other));
  return text <=> other;
}

LabelsBuilder::LabelsBuilder(const Labels& base) {
  for (const LabelView& label : base) {
    labels_.push_back({std::string(label.name), std::string(label.value)});
  }
}

LabelsBuilder& LabelsBuilder::Set(std::string_view name, std::string_view value) {
  const auto at = std::lower_bound(
      labels_.begin(), labels_.end(), name,
      [](const Label& label, std::string_view wanted) { return label.name < wanted; });
  const bool found = at != labels_.end() && at->name == name;
  if (found && value.empty()) {
    labels_.erase(at);
  } else if (found) {
    at->value = value;
  } else if (!value.empty()) {
    labels_.insert(at, {std::string(name), std::string(value)});
  }
  return *this;
}

std::string_view LabelsBuilder::Get(std::string_view name) const {
  for (const Label& label : labels_) {
    if (label.name == name) return label.value;
  }
  return {};
}

Labels LabelsBuilder::Build() const {
  Labels labels;
  ReserveFor(labels_, &labels.packed_);
  for (const Label& label : labels_) AppendLabel({label.name, label.value}, &labels.packed_);
  return labels;
}

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const auto plain = std::find_if_not(text.begin(), text.end(), [](char c) {
      return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
    });
    const auto length = static_cast<size_t>(plain - text.begin());
    quoted += text.substr(0, length);
    text.remove_prefix(length);
    if (!text.empty()) text.remove_prefix(AppendEscaped(text, &quoted));
  }
  return quoted + '"';
}

}  // namespace vigil::storage
