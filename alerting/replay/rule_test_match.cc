// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_test_match.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "alerting/replay/rule_test_text.h"
#include "query/exec/histogram/histogram_math.h"

namespace vigil::alerting {
namespace {

// More pairs than this are not searched for the ones that are most alike.
constexpr size_t kMaxPairing = 200;

bool SameValue(bool fuzzy, double a, double b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a == b) return true;
  return fuzzy && (std::nextafter(a, -kInfinity) == b || std::nextafter(a, kInfinity) == b);
}

bool SameContent(bool fuzzy, const TestSample& a, const TestSample& b) {
  if ((a.histogram == nullptr) != (b.histogram == nullptr)) return false;
  if (a.histogram == nullptr) return SameValue(fuzzy, a.value, b.value);
  return a.value == b.value && a.histogram->reset_hint == b.histogram->reset_hint &&
         exec::SameObservations(*a.histogram, *b.histogram);
}

bool Before(const TestSample& a, const TestSample& b) {
  if (const auto order = a.labels <=> b.labels; order != 0) return order < 0;
  if ((a.histogram == nullptr) != (b.histogram == nullptr)) return a.histogram == nullptr;
  return a.value < b.value;
}

// Counts the names whose values differ, and words each with `word` if that is set.
using Word = std::function<void(const std::string& name, const std::string* expected,
                                const std::string* got)>;
size_t CompareTexts(const TextMap& expected, const TextMap& got, const Word& word) {
  size_t differences = 0;
  const auto differ = [&](const std::string& name, const std::string* left,
                          const std::string* right) {
    ++differences;
    if (word) word(name, left, right);
  };
  for (const auto& [name, text] : expected) {
    const auto other = got.find(name);
    if (other == got.end()) {
      differ(name, &text, nullptr);
    } else if (other->second != text) {
      differ(name, &text, &other->second);
    }
  }
  for (const auto& [name, text] : got) {
    if (!expected.contains(name)) differ(name, nullptr, &text);
  }
  return differences;
}

std::string TextOrNothing(const std::string* text) {
  return text == nullptr ? "(not there)" : storage::Quote(*text);
}

// What stands on one side alone; equal ones go in pairs.
template <typename T, typename Same>
void DropEqual(const Same& same, std::vector<T>* expected, std::vector<T>* got) {
  std::erase_if(*expected, [&](const T& one) {
    const auto twin =
        std::find_if(got->begin(), got->end(), [&](const T& other) { return same(one, other); });
    if (twin == got->end()) return false;
    got->erase(twin);
    return true;
  });
}

std::string CompareAlerts(const TestAlert& expected, const TestAlert& got) {
  std::string text = fmt::format("alert {}:\n", TextOf(got.labels));
  const auto word = [&text](std::string_view kind) {
    return
        [&text, kind](const std::string& name, const std::string* left, const std::string* right) {
          text += fmt::format("  {} {}:\n    exp: {}\n    got: {}\n", kind, name,
                              TextOrNothing(left), TextOrNothing(right));
        };
  };
  CompareTexts(expected.labels, got.labels, word("label"));
  CompareTexts(expected.annotations, got.annotations, word("annotation"));
  return text;
}

// The element of `got` that is most like `expected`. Labels count for more than annotations: they
// say which alert it is.
size_t MostAlike(const TestAlert& expected, const std::vector<TestAlert>& got) {
  const auto distance = [&expected](const TestAlert& other) {
    return 16 * CompareTexts(expected.labels, other.labels, nullptr) +
           CompareTexts(expected.annotations, other.annotations, nullptr);
  };
  const auto nearest = std::min_element(
      got.begin(), got.end(),
      [&](const TestAlert& a, const TestAlert& b) { return distance(a) < distance(b); });
  return nearest - got.begin();
}

}  // namespace

bool MatchAlerts(std::vector<TestAlert>* expected, std::vector<TestAlert>* got) {
  std::sort(expected->begin(), expected->end());
  std::sort(got->begin(), got->end());
  return *expected == *got;
}

bool MatchSamples(bool fuzzy, std::vector<TestSample>* expected, std::vector<TestSample>* got) {
  std::stable_sort(expected->begin(), expected->end(), Before);
  std::stable_sort(got->begin(), got->end(), Before);
  return std::equal(expected->begin(), expected->end(), got->begin(), got->end(),
                    [fuzzy](const TestSample& a, const TestSample& b) {
                      return a.labels == b.labels && SameContent(fuzzy, a, b);
                    });
}

std::string AlertDifference(const std::vector<TestAlert>& expected,
                            const std::vector<TestAlert>& got) {
  std::vector<TestAlert> missing = expected;
  std::vector<TestAlert> surplus = got;
  DropEqual([](const TestAlert& a, const TestAlert& b) { return a == b; }, &missing, &surplus);
  std::string text;
  const bool pair = missing.size() <= kMaxPairing && surplus.size() <= kMaxPairing;
  for (const TestAlert& one : missing) {
    if (!pair || surplus.empty()) {
      text += fmt::format("does not fire: {} {}\n", TextOf(one.labels), TextOf(one.annotations));
      continue;
    }
    const size_t nearest = MostAlike(one, surplus);
    text += CompareAlerts(one, surplus[nearest]);
    surplus.erase(surplus.begin() + nearest);
  }
  for (const TestAlert& one : surplus) {
    text += fmt::format("not expected: {} {}\n", TextOf(one.labels), TextOf(one.annotations));
  }
  return text;
}

std::string SampleDifference(bool fuzzy, const std::vector<TestSample>& expected,
                             const std::vector<TestSample>& got) {
  std::vector<TestSample> missing = expected;
  std::vector<TestSample> surplus = got;
  DropEqual(
      [fuzzy](const TestSample& a, const TestSample& b) {
        return a.labels == b.labels && SameContent(fuzzy, a, b);
      },
      &missing, &surplus);
  std::string text;
  for (const TestSample& one : missing) {
    const auto same_labels =
        std::find_if(surplus.begin(), surplus.end(),
                     [&one](const TestSample& other) { return other.labels == one.labels; });
    if (same_labels == surplus.end()) {
      text += fmt::format("not there: {}\n", TextOf(one));
      continue;
    }
    text += fmt::format("value of {}:\n  exp: {}\n  got: {}\n", one.labels.ToString(),
                        ValueText(one), ValueText(*same_labels));
    if (std::isnan(one.value) && std::isnan(same_labels->value)) {
      text += "  (NaN equals nothing: test whether `x != x` gives it)\n";
    }
    surplus.erase(same_labels);
  }
  for (const TestSample& one : surplus) text += fmt::format("not expected: {}\n", TextOf(one));
  return text;
}

}  // namespace vigil::alerting
