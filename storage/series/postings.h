// SPDX-License-Identifier: Apache-2.0
//
// The inverted index in memory: the labels of series, and which series have a label pair. Who has
// which number, and when, is storage/series/series_index.h's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <absl/functional/function_ref.h>

#include "base/strings.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"
#include "storage/series/posting_list.h"
#include "storage/series/selection.h"
#include "storage/series/series_table.h"
#include "storage/series/text_arena.h"

namespace vigil::storage {

// Each name, and each value within its name, is kept once and has a small number; the code of a
// series is those numbers, as varints, label by label. Values go with the last series that has
// them, so that memory holds what lives. Not thread-safe; const calls may go on at once.
class Postings {
 public:
  Postings() = default;
  Postings(const Postings&) = delete;
  Postings& operator=(const Postings&) = delete;

  // Requires: neither the number nor the labels are there.
  void Add(uint32_t number, const Labels& labels);
  // Requires: the number is there.
  void Remove(uint32_t number);

  std::optional<uint32_t> Find(const Labels& labels) const;
  bool Contains(uint32_t number) const { return series_.Contains(number); }
  // Requires: the number is there.
  Labels LabelsOf(uint32_t number) const;
  // The same without a copy. Requires: the number is there.
  void ForEachLabel(
      uint32_t number,
      absl::FunctionRef<void(std::string_view name, std::string_view value)> visit) const;
  // "" when the series does not have the label. Requires: the number is there.
  std::string_view ValueOf(uint32_t number, std::string_view name) const;

  const SeriesSet& all() const { return all_; }

  // No fewer than what Select has to look at: the series of the rarest pair that is required.
  uint64_t AtMost(const std::vector<Matcher>& matchers) const;
  // The series that meet every matcher.
  SeriesSet Select(const std::vector<Matcher>& matchers) const;

  // Sorted names, and values of one name, that series of `set` have.
  std::vector<std::string> NamesOf(const SeriesSet& set) const;
  std::vector<std::string> ValuesOf(std::string_view name, const SeriesSet& set) const;

 private:
  friend class MemoryPostingSource;

  struct Name;
  struct ValueHash {
    using is_transparent = void;
    size_t operator()(uint32_t value) const;
    size_t operator()(std::string_view text) const { return StringHash()(text); }
    const Name* name;
  };
  struct ValueEqual {
    using is_transparent = void;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, std::string_view b) const;
    const Name* name;
  };
  // A label name and its values, which are named by their place in `texts` and `lists`.
  struct Name {
    Name(std::string_view name_text, const TextArena* value_texts)
        : text(name_text), arena(*value_texts), by_text(0, ValueHash{this}, ValueEqual{this}) {}
    std::string_view TextOf(uint32_t value) const { return arena.At(texts[value]); }
    size_t size() const { return by_text.size(); }

    const std::string text;
    const TextArena& arena;
    SeriesSet any;  // Series with the label, whatever its value.
    std::deque<uint32_t> texts;
    std::deque<PostingList> lists;  // Empty where no value is.
    std::vector<uint32_t> unused;   // Places where no value is.
    absl::flat_hash_set<uint32_t, ValueHash, ValueEqual> by_text;
  };
  struct Pair {
    uint32_t name;
    uint32_t value;
  };
  class CodeReader;

  uint32_t NameFor(std::string_view text);
  uint32_t ValueFor(Name* name, std::string_view text);
  // nullptr when no series has such a label.
  const Name* FindName(std::string_view text) const;
  // nullptr when no series has that value.
  static const PostingList* FindList(const Name& name, std::string_view value);
  void RemoveValue(Name* name, uint32_t value);
  void DropDeadTexts();

  TextArena texts_;
  size_t dead_text_bytes_ = 0;
  StringMap<uint32_t> name_numbers_;
  // Names stay: there are few, as a rule, and the same come again.
  std::deque<Name> names_;
  SeriesTable series_;
  SeriesSet all_;
};

}  // namespace vigil::storage
