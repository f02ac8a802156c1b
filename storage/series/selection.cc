// SPDX-License-Identifier: Apache-2.0
#include "storage/series/selection.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace vigil::storage {
namespace {

// Every matcher comes down to a set of series with the label that is either required or excluded.
// Let P be its condition without a negation: where P does not hold for the missing label, the set
// is that of the series for which P holds; otherwise that of the series with the label for which it
// does not.
bool Requires(const Matcher& matcher) {
  return matcher.ExpressionMatchesEmpty() == matcher.IsNegated();
}

// Whether the set follows from look-ups alone.
bool IsLookUp(const Matcher& matcher) {
  return !matcher.literals().empty() || matcher.MatchesEveryText();
}

absl::StatusOr<SeriesSet> LookUp(PostingSource& source, const Matcher& matcher) {
  const bool matches_empty = matcher.ExpressionMatchesEmpty();
  if (matcher.MatchesEveryText()) {
    if (matches_empty) return SeriesSet();
    return source.WithName(matcher.name());
  }
  SeriesSet listed;
  for (const std::string& literal : matcher.literals()) {
    if (literal.empty()) continue;
    VIGIL_ASSIGN_OR_RETURN(const SeriesSet set, source.WithPair(matcher.name(), literal));
    listed |= set;
  }
  if (!matches_empty) return listed;
  VIGIL_ASSIGN_OR_RETURN(SeriesSet others, source.WithName(matcher.name()));
  others -= listed;
  return others;
}

absl::StatusOr<SeriesSet> TryValues(PostingSource& source, const Matcher& matcher) {
  const bool matches_empty = matcher.ExpressionMatchesEmpty();
  // Texts without the prefix do not match, so they are wanted when what does not match is.
  const std::string_view prefix = matches_empty ? std::string_view() : matcher.prefix();
  return source.WithValues(matcher.name(), prefix,
                           [&matcher, matches_empty](std::string_view value) {
                             return matcher.ExpressionMatches(value) != matches_empty;
                           });
}

absl::Status TrySeries(PostingSource& source, const Matcher& matcher, SeriesSet* set) {
  SeriesSet kept;
  for (const uint32_t number : *set) {
    VIGIL_ASSIGN_OR_RETURN(const std::string value, source.ValueOf(number, matcher.name()));
    if (matcher.Matches(value)) kept.add(number);
  }
  *set = std::move(kept);
  return absl::OkStatus();
}

absl::Status Try(PostingSource& source, const Matcher& matcher, SeriesSet* set) {
  if (source.PrefersSeries(matcher.name(), set->cardinality())) {
    return TrySeries(source, matcher, set);
  }
  VIGIL_ASSIGN_OR_RETURN(const SeriesSet found, TryValues(source, matcher));
  if (Requires(matcher)) {
    *set &= found;
  } else {
    *set -= found;
  }
  return absl::OkStatus();
}

// Whether the matcher requires one pair.
bool IsPair(const Matcher& matcher) {
  return matcher.literals().size() == 1 && !matcher.literals().front().empty() &&
         !matcher.ExpressionMatchesEmpty() && Requires(matcher);
}

// Those that have the pairs of all matchers; the pair of fewest series is taken first, and the
// others' series are not copied.
absl::StatusOr<SeriesSet> IntersectPairs(PostingSource& source,
                                         const std::vector<const Matcher*>& pairs) {
  struct Sized {
    const Matcher* matcher;
    uint64_t series;
  };
  std::vector<Sized> by_size;
  for (const Matcher* pair : pairs) {
    by_size.push_back({pair, source.PairSize(pair->name(), pair->literals().front())});
  }
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const Sized& a, const Sized& b) { return a.series < b.series; });
  const Matcher& first = *by_size.front().matcher;
  VIGIL_ASSIGN_OR_RETURN(SeriesSet set, source.WithPair(first.name(), first.literals().front()));
  for (size_t i = 1; i < by_size.size() && !set.isEmpty(); ++i) {
    const Matcher& next = *by_size[i].matcher;
    VIGIL_RETURN_IF_ERROR(source.KeepPair(next.name(), next.literals().front(), &set));
  }
  return set;
}

// The intersection of what the matchers that are look-ups require; everything if there are none.
absl::StatusOr<SeriesSet> IntersectRequired(PostingSource& source,
                                            const std::vector<Matcher>& matchers) {
  std::vector<const Matcher*> pairs;
  std::vector<SeriesSet> required;
  for (const Matcher& matcher : matchers) {
    if (IsPair(matcher)) pairs.push_back(&matcher);
  }
  if (!pairs.empty()) {
    VIGIL_ASSIGN_OR_RETURN(SeriesSet set, IntersectPairs(source, pairs));
    required.push_back(std::move(set));
  }
  for (const Matcher& matcher : matchers) {
    if (!required.empty() && required.back().isEmpty()) return std::move(required.back());
    if (!IsLookUp(matcher) || !Requires(matcher) || IsPair(matcher)) continue;
    VIGIL_ASSIGN_OR_RETURN(SeriesSet set, LookUp(source, matcher));
    required.push_back(std::move(set));
  }
  if (required.empty()) return source.All();
  std::sort(required.begin(), required.end(), [](const SeriesSet& a, const SeriesSet& b) {
    return a.cardinality() < b.cardinality();
  });
  SeriesSet set = std::move(required.front());
  for (size_t i = 1; i < required.size(); ++i) set &= required[i];
  return set;
}

}  // namespace

absl::StatusOr<SeriesSet> SelectSeries(PostingSource& source,
                                       const std::vector<Matcher>& matchers) {
  VIGIL_ASSIGN_OR_RETURN(SeriesSet set, IntersectRequired(source, matchers));
  for (const Matcher& matcher : matchers) {
    if (set.isEmpty()) return set;
    if (!IsLookUp(matcher) || Requires(matcher)) continue;
    VIGIL_ASSIGN_OR_RETURN(const SeriesSet excluded, LookUp(source, matcher));
    set -= excluded;
  }
  // Required values are fewer than excluded ones, as a rule.
  for (const bool requires_set : {true, false}) {
    for (const Matcher& matcher : matchers) {
      if (set.isEmpty()) return set;
      if (IsLookUp(matcher) || Requires(matcher) != requires_set) continue;
      VIGIL_RETURN_IF_ERROR(Try(source, matcher, &set));
    }
  }
  return set;
}

std::optional<uint64_t> RequiredSeriesAtMost(PostingSource& source,
                                             const std::vector<Matcher>& matchers) {
  std::optional<uint64_t> least;
  for (const Matcher& matcher : matchers) {
    if (!IsPair(matcher)) continue;
    const uint64_t series = source.PairSize(matcher.name(), matcher.literals().front());
    least = std::min(least.value_or(series), series);
  }
  return least;
}

}  // namespace vigil::storage
