// SPDX-License-Identifier: Apache-2.0
#include "storage/series/postings.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "storage/series/prefixed_text.h"

namespace vigil::storage {
namespace {

// Texts are copied into a fresh arena when more than a third of its bytes is dead, and these at
// least.
constexpr size_t kMinDeadTextBytes = 256 << 10;

constexpr size_t kUsualLabels = 16;

void AppendNumber(uint32_t number, std::string* code) {
  while (number >= 0x80) {
    code->push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  code->push_back(static_cast<char>(number));
}

}  // namespace

// Walks over the pairs of a code, in the order of the labels.
class Postings::CodeReader {
 public:
  explicit CodeReader(std::string_view code) : at_(code.data()), end_(at_ + code.size()) {}
  bool Next(Pair* pair) {
    if (at_ == end_) return false;
    pair->name = Number();
    pair->value = Number();
    return true;
  }

 private:
  uint32_t Number() {
    uint32_t number = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      number |= static_cast<uint32_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return number;
    }
  }

  const char* at_;
  const char* const end_;
};

// What SelectSeries asks of memory. No call fails.
class MemoryPostingSource final : public PostingSource {
 public:
  explicit MemoryPostingSource(const Postings& postings) : postings_(postings) {}

  absl::StatusOr<SeriesSet> All() override { return postings_.all_; }

  absl::StatusOr<SeriesSet> WithName(std::string_view name) override {
    const Postings::Name* const found = postings_.FindName(name);
    return found == nullptr ? SeriesSet() : found->any;
  }

  absl::StatusOr<SeriesSet> WithPair(std::string_view name, std::string_view value) override {
    SeriesSet set;
    if (const PostingList* const list = Find(name, value); list != nullptr) list->AddTo(&set);
    return set;
  }

  uint64_t PairSize(std::string_view name, std::string_view value) override {
    const PostingList* const list = Find(name, value);
    return list == nullptr ? 0 : list->size();
  }

  absl::Status KeepPair(std::string_view name, std::string_view value, SeriesSet* set) override {
    const PostingList* const list = Find(name, value);
    if (list == nullptr) {
      *set = SeriesSet();
    } else {
      list->Keep(set);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SeriesSet> WithValues(
      std::string_view name, std::string_view prefix,
      absl::FunctionRef<bool(std::string_view value)> wanted) override {
    SeriesSet set;
    const Postings::Name* const found = postings_.FindName(name);
    if (found == nullptr) return set;
    for (size_t i = 0; i < found->lists.size(); ++i) {
      if (found->lists[i].empty()) continue;
      const std::string_view value = found->TextOf(static_cast<uint32_t>(i));
      if (value.starts_with(prefix) && wanted(value)) found->lists[i].AddTo(&set);
    }
    return set;
  }

  bool PrefersSeries(std::string_view name, uint64_t series) override {
    const Postings::Name* const found = postings_.FindName(name);
    return found != nullptr && series < found->size();
  }

  absl::StatusOr<std::string> ValueOf(uint32_t number, std::string_view name) override {
    return std::string(postings_.ValueOf(number, name));
  }

 private:
  const PostingList* Find(std::string_view name, std::string_view value) const {
    const Postings::Name* const found = postings_.FindName(name);
    return found == nullptr ? nullptr : Postings::FindList(*found, value);
  }

  const Postings& postings_;
};

size_t Postings::ValueHash::operator()(uint32_t value) const {
  return StringHash()(name->TextOf(value));
}

bool Postings::ValueEqual::operator()(uint32_t a, std::string_view b) const {
  return name->TextOf(a) == b;
}

uint32_t Postings::NameFor(std::string_view text) {
  if (const auto known = name_numbers_.find(text); known != name_numbers_.end()) {
    return known->second;
  }
  const auto number = static_cast<uint32_t>(names_.size());
  name_numbers_.emplace(std::string(text), number);
  names_.emplace_back(text, &texts_);
  return number;
}

uint32_t Postings::ValueFor(Name* name, std::string_view text) {
  if (const auto known = name->by_text.find(text); known != name->by_text.end()) return *known;
  auto value = static_cast<uint32_t>(name->lists.size());
  if (name->unused.empty()) {
    name->texts.emplace_back();
    name->lists.emplace_back();
  } else {
    value = name->unused.back();
    name->unused.pop_back();
  }
  name->texts[value] = texts_.Add(text);
  name->by_text.insert(value);
  return value;
}

const Postings::Name* Postings::FindName(std::string_view text) const {
  const auto found = name_numbers_.find(text);
  return found == name_numbers_.end() ? nullptr : &names_[found->second];
}

const PostingList* Postings::FindList(const Name& name, std::string_view value) {
  const auto found = name.by_text.find(value);
  return found == name.by_text.end() ? nullptr : &name.lists[*found];
}

void Postings::Add(uint32_t number, const Labels& labels) {
  std::string code;
  for (const LabelView& label : labels) {
    const uint32_t name_number = NameFor(label.name);
    Name& name = names_[name_number];
    const uint32_t value = ValueFor(&name, label.value);
    name.any.add(number);
    name.lists[value].Add(number);
    AppendNumber(name_number, &code);
    AppendNumber(value, &code);
  }
  series_.Add(number, code);
  all_.add(number);
}

void Postings::Remove(uint32_t number) {
  CodeReader reader(series_.CodeOf(number));
  for (Pair pair; reader.Next(&pair);) {
    Name& name = names_[pair.name];
    name.any.remove(number);
    name.lists[pair.value].Remove(number);
  }
  // Values go after the code: the table's hashing does not need them, but reads the code.
  const std::string code(series_.CodeOf(number));
  series_.Remove(number);
  all_.remove(number);
  CodeReader again(code);
  for (Pair pair; again.Next(&pair);) {
    if (names_[pair.name].lists[pair.value].empty()) RemoveValue(&names_[pair.name], pair.value);
  }
  if (dead_text_bytes_ > kMinDeadTextBytes && dead_text_bytes_ > texts_.size_bytes() / 3) {
    DropDeadTexts();
  }
}

void Postings::RemoveValue(Name* name, uint32_t value) {
  dead_text_bytes_ += PrefixedSize(name->TextOf(value).size());
  name->by_text.erase(name->by_text.find(value));
  name->unused.push_back(value);
}

void Postings::DropDeadTexts() {
  TextArena live;
  for (Name& name : names_) {
    for (size_t i = 0; i < name.lists.size(); ++i) {
      if (!name.lists[i].empty()) {
        name.texts[i] = live.Add(name.TextOf(static_cast<uint32_t>(i)));
      }
    }
  }
  texts_ = std::move(live);
  dead_text_bytes_ = 0;
}

std::optional<uint32_t> Postings::Find(const Labels& labels) const {
  std::string code;
  for (const LabelView& label : labels) {
    const auto name = name_numbers_.find(label.name);
    if (name == name_numbers_.end()) return std::nullopt;
    const auto& by_text = names_[name->second].by_text;
    const auto value = by_text.find(label.value);
    if (value == by_text.end()) return std::nullopt;
    AppendNumber(name->second, &code);
    AppendNumber(*value, &code);
  }
  return series_.Find(code);
}

Labels Postings::LabelsOf(uint32_t number) const {
  std::vector<LabelView> labels;
  labels.reserve(kUsualLabels);
  CodeReader reader(series_.CodeOf(number));
  for (Pair pair; reader.Next(&pair);) {
    labels.push_back({names_[pair.name].text, names_[pair.name].TextOf(pair.value)});
  }
  return Labels::FromSorted(labels);
}

void Postings::ForEachLabel(
    uint32_t number,
    absl::FunctionRef<void(std::string_view name, std::string_view value)> visit) const {
  CodeReader reader(series_.CodeOf(number));
  for (Pair pair; reader.Next(&pair);) {
    visit(names_[pair.name].text, names_[pair.name].TextOf(pair.value));
  }
}

std::string_view Postings::ValueOf(uint32_t number, std::string_view name) const {
  const auto wanted = name_numbers_.find(name);
  if (wanted == name_numbers_.end()) return {};
  CodeReader reader(series_.CodeOf(number));
  for (Pair pair; reader.Next(&pair);) {
    if (pair.name == wanted->second) return names_[pair.name].TextOf(pair.value);
  }
  return {};
}

uint64_t Postings::AtMost(const std::vector<Matcher>& matchers) const {
  MemoryPostingSource source(*this);
  return RequiredSeriesAtMost(source, matchers).value_or(all_.cardinality());
}

SeriesSet Postings::Select(const std::vector<Matcher>& matchers) const {
  MemoryPostingSource source(*this);
  return SelectSeries(source, matchers).value();
}

std::vector<std::string> Postings::NamesOf(const SeriesSet& set) const {
  std::vector<std::string> names;
  for (const Name& name : names_) {
    if (name.any.intersect(set)) names.push_back(name.text);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Postings::ValuesOf(std::string_view name, const SeriesSet& set) const {
  std::vector<std::string> values;
  const Name* const found = FindName(name);
  if (found == nullptr) return values;
  if (set.cardinality() < found->size()) {
    absl::flat_hash_set<std::string> distinct;
    for (const uint32_t number : set) {
      const std::string_view value = ValueOf(number, name);
      if (!value.empty()) distinct.emplace(value);
    }
    values.assign(distinct.begin(), distinct.end());
  } else {
    for (size_t i = 0; i < found->lists.size(); ++i) {
      if (!found->lists[i].Intersects(set)) continue;
      values.emplace_back(found->TextOf(static_cast<uint32_t>(i)));
    }
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace vigil::storage
