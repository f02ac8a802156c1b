// SPDX-License-Identifier: Apache-2.0
#include "storage/series/postings.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace vigil::storage {

PostingList::PostingList(SeriesSet set) {
  const uint64_t size = set.cardinality();
  if (size == 1) one_ = set.minimum();
  if (size > 1) many_ = std::make_unique<SeriesSet>(std::move(set));
}

void PostingList::Add(uint32_t number) {
  if (many_ != nullptr) {
    many_->add(number);
  } else if (one_ == 0) {
    one_ = number;
  } else if (one_ != number) {
    many_ = std::make_unique<SeriesSet>();
    many_->add(one_);
    many_->add(number);
    one_ = 0;
  }
}

void PostingList::Remove(uint32_t number) {
  if (many_ == nullptr) {
    if (one_ == number) one_ = 0;
    return;
  }
  many_->remove(number);
  if (many_->cardinality() > 1) return;
  one_ = many_->isEmpty() ? 0 : many_->minimum();
  many_.reset();
}

void PostingList::AddTo(SeriesSet* set) const {
  if (many_ != nullptr) {
    *set |= *many_;
  } else if (one_ != 0) {
    set->add(one_);
  }
}

void PostingList::RemoveFrom(SeriesSet* set) const {
  if (many_ != nullptr) {
    *set -= *many_;
  } else if (one_ != 0) {
    set->remove(one_);
  }
}

void PostingList::Intersect(SeriesSet* set) const {
  if (many_ != nullptr) {
    *set &= *many_;
    return;
  }
  const bool keep = one_ != 0 && set->contains(one_);
  *set = SeriesSet();
  if (keep) set->add(one_);
}

bool PostingList::Intersects(const SeriesSet& set) const {
  return many_ != nullptr ? many_->intersect(set) : one_ != 0 && set.contains(one_);
}

void Postings::Add(uint32_t number, const Labels& labels) {
  for (const LabelView& label : labels) {
    std::unique_ptr<Name>& name = names_[label.name];
    if (name == nullptr) name = std::make_unique<Name>();
    name->any.Add(number);
    name->values[label.value].Add(number);
  }
  all_.add(number);
}

void Postings::Remove(uint32_t number, const Labels& labels) {
  for (const LabelView& label : labels) {
    const auto name = names_.find(label.name);
    if (name == names_.end()) continue;
    auto& values = name->second->values;
    if (const auto value = values.find(label.value); value != values.end()) {
      value->second.Remove(number);
      if (value->second.empty()) values.erase(value);
    }
    name->second->any.Remove(number);
    if (name->second->any.empty()) names_.erase(name);
  }
  all_.remove(number);
}

// One selection: what can be looked up is intersected, smallest first; then exclusions are taken
// away; expressions that must be tried on texts come last, when few series are left.
class PostingSelector {
 public:
  PostingSelector(const Postings& postings, Postings::LabelsOf labels_of)
      : postings_(postings), labels_of_(labels_of) {}

  SeriesSet Run(const std::vector<Matcher>& matchers) {
    for (const Matcher& matcher : matchers) Sort(matcher);
    IntersectRequired();
    for (const PostingList* list : excluded_) list->RemoveFrom(&set_);
    for (const Matcher* matcher : tried_) {
      if (set_.isEmpty()) break;
      Try(*matcher);
    }
    return std::move(set_);
  }

 private:
  // Puts the matcher's series into required_ or excluded_, or the matcher into tried_.
  void Sort(const Matcher& matcher) {
    switch (matcher.type()) {
      case MatchType::kEqual:
        (matcher.value().empty() ? excluded_ : required_).push_back(List(matcher));
        break;
      case MatchType::kNotEqual:
        (matcher.value().empty() ? required_ : excluded_).push_back(List(matcher));
        break;
      case MatchType::kRegex:
      case MatchType::kNotRegex:
        if (matcher.literals().empty()) {
          tried_.push_back(&matcher);
        } else {
          SortLiterals(matcher);
        }
        break;
    }
  }

  // The list of the matcher's value; of "any value" when that is empty.
  const PostingList* List(const Matcher& matcher) {
    const Postings::Name* const name = Find(matcher.name());
    if (name == nullptr) return &none_;
    return matcher.value().empty() ? &name->any : ListOf(*name, matcher.value());
  }

  // "a|b" asks for one of the lists; "a|" is met by what has any of the lists, or no such label.
  void SortLiterals(const Matcher& matcher) {
    const Postings::Name* const name = Find(matcher.name());
    SeriesSet listed;
    if (name != nullptr) {
      for (const std::string& literal : matcher.literals()) ListOf(*name, literal)->AddTo(&listed);
    }
    if (!matcher.MatchesEmpty()) {
      required_.push_back(Own(std::move(listed)));
    } else if (name != nullptr) {
      SeriesSet others;
      name->any.AddTo(&others);
      others -= listed;
      excluded_.push_back(Own(std::move(others)));
    }
  }

  void IntersectRequired() {
    if (required_.empty()) {
      set_ = postings_.all();
      return;
    }
    std::sort(required_.begin(), required_.end(),
              [](const PostingList* a, const PostingList* b) { return a->size() < b->size(); });
    required_.front()->AddTo(&set_);
    for (size_t i = 1; i < required_.size() && !set_.isEmpty(); ++i) required_[i]->Intersect(&set_);
  }

  // Tries the expression on the candidates' values or on all values of the label, whichever are
  // fewer.
  void Try(const Matcher& matcher) {
    const Postings::Name* const name = Find(matcher.name());
    if (name == nullptr) {
      if (!matcher.MatchesEmpty()) set_ = SeriesSet();
    } else if (set_.cardinality() < name->values.size()) {
      TryCandidates(matcher);
    } else {
      TryValues(matcher, *name);
    }
  }

  void TryCandidates(const Matcher& matcher) {
    SeriesSet kept;
    for (const uint32_t number : set_) {
      if (matcher.Matches(labels_of_(number).Get(matcher.name()))) kept.add(number);
    }
    set_ = std::move(kept);
  }

  void TryValues(const Matcher& matcher, const Postings::Name& name) {
    // Series without the label are in no list, so when those match the others are taken away.
    const bool exclude = matcher.MatchesEmpty();
    SeriesSet listed;
    for (const auto& [value, list] : name.values) {
      if (matcher.Matches(value) != exclude) list.AddTo(&listed);
    }
    if (exclude) {
      set_ -= listed;
    } else {
      set_ &= listed;
    }
  }

  const Postings::Name* Find(std::string_view name) const {
    const auto found = postings_.names_.find(name);
    return found == postings_.names_.end() ? nullptr : found->second.get();
  }

  const PostingList* ListOf(const Postings::Name& name, std::string_view value) const {
    const auto found = name.values.find(value);
    return found == name.values.end() ? &none_ : &found->second;
  }

  const PostingList* Own(SeriesSet set) { return &owned_.emplace_back(std::move(set)); }

  const Postings& postings_;
  const Postings::LabelsOf labels_of_;
  const PostingList none_;
  std::deque<PostingList> owned_;
  std::vector<const PostingList*> required_;
  std::vector<const PostingList*> excluded_;
  std::vector<const Matcher*> tried_;
  SeriesSet set_;
};

SeriesSet Postings::Select(const std::vector<Matcher>& matchers, LabelsOf labels_of) const {
  return PostingSelector(*this, labels_of).Run(matchers);
}

std::vector<std::string> Postings::NamesOf(const SeriesSet& set) const {
  std::vector<std::string> names;
  for (const auto& [text, name] : names_) {
    if (name->any.Intersects(set)) names.emplace_back(text);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Postings::ValuesOf(std::string_view name, const SeriesSet& set) const {
  std::vector<std::string> values;
  const auto found = names_.find(name);
  if (found == names_.end()) return values;
  for (const auto& [text, list] : found->second->values) {
    if (list.Intersects(set)) values.emplace_back(text);
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace vigil::storage
