// SPDX-License-Identifier: Apache-2.0
//
// The inverted index: which series have a label pair. Knows numbers and label texts only; who has
// which number, and when, is storage/series/series_index.h's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>
#include <roaring/roaring.hh>

#include "base/strings.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::storage {

// A set of series numbers.
using SeriesSet = ::Roaring;

// The series that have one label pair. A large index is mostly pairs of a single series (ids,
// addresses), so a lone number stands in place and only more of them make a bitmap. Not
// thread-safe.
class PostingList {
 public:
  PostingList() = default;
  explicit PostingList(SeriesSet set);

  // Requires: `number` is not 0.
  void Add(uint32_t number);
  void Remove(uint32_t number);

  bool empty() const { return one_ == 0 && many_ == nullptr; }
  uint64_t size() const { return many_ != nullptr ? many_->cardinality() : one_ != 0; }

  void AddTo(SeriesSet* set) const;
  void RemoveFrom(SeriesSet* set) const;
  void Intersect(SeriesSet* set) const;
  bool Intersects(const SeriesSet& set) const;

 private:
  uint32_t one_ = 0;                 // 0 when there is none, or many.
  std::unique_ptr<SeriesSet> many_;  // Never empty.
};

// Label pair -> series. Not thread-safe.
class Postings {
 public:
  // Adds a series that is not there, or removes one that is. The texts of `labels` are borrowed:
  // they must outlive this object, also after Remove.
  void Add(uint32_t number, const Labels& labels);
  void Remove(uint32_t number, const Labels& labels);

  const SeriesSet& all() const { return all_; }

  // The series that meet every matcher. `labels_of` gives the labels of a series that was added.
  using LabelsOf = absl::FunctionRef<const Labels&(uint32_t number)>;
  SeriesSet Select(const std::vector<Matcher>& matchers, LabelsOf labels_of) const;

  // Sorted names, and values of one name, that series of `set` have.
  std::vector<std::string> NamesOf(const SeriesSet& set) const;
  std::vector<std::string> ValuesOf(std::string_view name, const SeriesSet& set) const;

 private:
  friend class PostingSelector;
  template <typename Value>
  using BorrowedMap = absl::flat_hash_map<std::string_view, Value, StringHash, std::equal_to<>>;
  struct Name {
    PostingList any;  // Series with the label, whatever its value.
    BorrowedMap<PostingList> values;
  };

  BorrowedMap<std::unique_ptr<Name>> names_;
  SeriesSet all_;
};

}  // namespace vigil::storage
