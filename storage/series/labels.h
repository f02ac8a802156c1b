// SPDX-License-Identifier: Apache-2.0
//
// Label sets: what identifies a metric series or a log stream. A set is kept as one packed byte
// string, which is also its persisted form, so that copying costs one allocation and equality and
// hashing see plain memory.
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

namespace vigil::storage {

// The label that holds a metric's name.
inline constexpr std::string_view kMetricName = "__name__";
// Those that, where they are wanted, hold its type and its unit, and share the name's fate.
inline constexpr std::string_view kMetricType = "__type__";
inline constexpr std::string_view kMetricUnit = "__unit__";

// A label as text that lives elsewhere.
struct LabelView {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const LabelView&, const LabelView&) = default;
};

struct Label {
  std::string name;
  std::string value;
  friend bool operator==(const Label&, const Label&) = default;
};

// An immutable set of labels, sorted by name (bytewise), each name once, no empty value: an empty
// value and an absent label are the same thing. A value type; thread-safe as const.
class Labels {
 public:
  // Walks the packed bytes; what it yields points into the Labels.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = LabelView;
    using difference_type = std::ptrdiff_t;
    using pointer = const LabelView*;
    using reference = const LabelView&;

    Iterator() = default;
    Iterator(const char* at, const char* end) : next_(at), end_(end) { Decode(); }
    reference operator*() const { return label_; }
    pointer operator->() const { return &label_; }
    Iterator& operator++() {
      Decode();
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      Decode();
      return old;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    void Decode();
    const char* at_ = nullptr;    // Start of label_, or end_.
    const char* next_ = nullptr;  // Just behind it.
    const char* end_ = nullptr;
    LabelView label_;
  };

  Labels() = default;
  // Sorts; of equal names the last wins; drops empty values.
  explicit Labels(std::vector<Label> labels);
  Labels(std::initializer_list<LabelView> labels);

  // The set behind `bytes` as `packed()` gave them. DataLoss if they are not such bytes.
  static absl::StatusOr<Labels> FromPacked(std::string_view bytes);

  // Requires: `labels` are sorted by name, each name once, no empty value.
  static Labels FromSorted(const std::vector<LabelView>& labels);

  // For each label in order: length and bytes of the name, length and bytes of the value; lengths
  // are LEB128 varints.
  std::string_view packed() const { return packed_; }

  Iterator begin() const { return {packed_.data(), packed_.data() + packed_.size()}; }
  Iterator end() const {
    return {packed_.data() + packed_.size(), packed_.data() + packed_.size()};
  }
  bool empty() const { return packed_.empty(); }
  // Counts by walking.
  size_t size() const;

  // The value of `name`, "" if it is not there.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const { return !Get(name).empty(); }
  std::string_view MetricName() const { return Get(kMetricName); }

  // 64-bit xxHash3 of the packed bytes; stable over versions.
  uint64_t Hash() const;

  // As PromQL writes a series: `name{a="b", c="d"}`; `{}` when empty. Values are quoted Go-style.
  std::string ToString() const;

  // The sets a `by (...)` and a `without (...)` clause leave. KeepOnly takes any order and repeats;
  // Without also removes `__name__` when `drop_name`.
  Labels KeepOnly(const std::vector<std::string>& names) const;
  Labels Without(const std::vector<std::string>& names, bool drop_name = true) const;
  // Without the name, the type and the unit of a metric.
  Labels WithoutMetadata() const;

  friend bool operator==(const Labels& a, const Labels& b) { return a.packed_ == b.packed_; }
  // Label by label, name before value, as Prometheus sorts results.
  friend std::strong_ordering operator<=>(const Labels& a, const Labels& b);
  template <typename H>
  friend H AbslHashValue(H state, const Labels& labels) {
    return H::combine(std::move(state), labels.Hash());
  }

 private:
  friend class LabelsBuilder;
  std::string packed_;
};

// Makes a set from another by setting and removing labels.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base);

  // An empty value removes.
  LabelsBuilder& Set(std::string_view name, std::string_view value);
  LabelsBuilder& Remove(std::string_view name) { return Set(name, {}); }
  std::string_view Get(std::string_view name) const;

  Labels Build() const;

 private:
  std::vector<Label> labels_;  // Sorted by name.
};

// `text` in double quotes with Go's escapes.
std::string Quote(std::string_view text);

}  // namespace vigil::storage
