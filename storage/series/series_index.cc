// SPDX-License-Identifier: Apache-2.0
#include "storage/series/series_index.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "storage/series/set_codec.h"

namespace vigil::storage {
namespace {

// Evictions under one lock: some two milliseconds, for which writers wait.
constexpr size_t kEvictionsAtOnce = 1000;

constexpr uint64_t kUsuallySelected = 4096;

}  // namespace

std::optional<uint32_t> SeriesIndex::Find(const Labels& labels, Found found) const {
  ReaderLock lock(&mutex_);
  const std::optional<uint32_t> number = postings_.Find(labels);
  if (number.has_value()) found(*number);
  return number;
}

absl::StatusOr<uint32_t> SeriesIndex::GetOrAdd(const Labels& labels, NewNumber new_number) {
  WriterLock lock(&mutex_);
  if (const auto known = postings_.Find(labels); known.has_value()) return *known;
  VIGIL_ASSIGN_OR_RETURN(const uint32_t number, new_number(postings_.all().cardinality()));
  VIGIL_CHECK(number != 0 && !postings_.Contains(number));
  postings_.Add(number, labels);
  NoteChange(number);
  return number;
}

bool SeriesIndex::Restore(uint32_t number, const Labels& labels, bool* added) {
  if (added != nullptr) *added = false;
  WriterLock lock(&mutex_);
  if (const auto known = postings_.Find(labels); known.has_value()) return *known == number;
  if (number == 0 || postings_.Contains(number)) return false;
  postings_.Add(number, labels);
  NoteChange(number);
  if (added != nullptr) *added = true;
  return true;
}

std::optional<Labels> SeriesIndex::LabelsOf(uint32_t number) const {
  ReaderLock lock(&mutex_);
  if (!postings_.Contains(number)) return std::nullopt;
  return postings_.LabelsOf(number);
}

std::vector<SeriesIndex::Series> SeriesIndex::LabelsOf(std::span<const uint32_t> numbers) const {
  std::vector<Series> found;
  found.reserve(numbers.size());
  ReaderLock lock(&mutex_);
  for (const uint32_t number : numbers) {
    if (postings_.Contains(number)) found.push_back({number, postings_.LabelsOf(number)});
  }
  return found;
}

bool SeriesIndex::Contains(uint32_t number) const {
  ReaderLock lock(&mutex_);
  return postings_.Contains(number);
}

void SeriesIndex::MarkPresent(std::span<const Presence> marks, std::vector<uint32_t>* absent) {
  WriterLock lock(&mutex_);
  for (const Presence& mark : marks) {
    const bool is_news = partitions_[mark.partition_ms].addChecked(mark.number);
    in_open_.add(mark.number);
    if (!postings_.Contains(mark.number)) {
      absent->push_back(mark.number);
    } else if (is_news) {
      NoteChange(mark.number);
    }
  }
}

void SeriesIndex::AddPartition(int64_t partition_ms, const SeriesSet& numbers) {
  WriterLock lock(&mutex_);
  partitions_[partition_ms] |= numbers;
  versions_.NoteAll();
}

void SeriesIndex::Seal() {
  WriterLock lock(&mutex_);
  in_sealed_ = std::exchange(in_open_, SeriesSet());
}

void SeriesIndex::DropSealed() {
  WriterLock lock(&mutex_);
  in_sealed_ = SeriesSet();
}

bool SeriesIndex::VisitMetric(uint32_t number,
                              absl::FunctionRef<void(std::string_view metric)> visit) const {
  ReaderLock lock(&mutex_);
  if (!postings_.Contains(number)) return false;
  visit(postings_.ValueOf(number, kMetricName));
  return true;
}

void SeriesIndex::Evict(const SeriesSet& numbers, Evicted evicted) {
  std::vector<uint32_t> some;
  const auto evict = [this, &some, evicted] {
    WriterLock lock(&mutex_);
    for (const uint32_t number : some) {
      const bool in_heads = in_open_.contains(number) || in_sealed_.contains(number);
      if (in_heads || !postings_.Contains(number)) continue;
      size_t label_bytes = 0;
      postings_.ForEachLabel(number, [&](std::string_view name, std::string_view value) {
        label_bytes += name.size() + value.size();
      });
      evicted(postings_.ValueOf(number, kMetricName), label_bytes);
      NoteChange(number);
      postings_.Remove(number);
    }
    some.clear();
  };
  for (const uint32_t number : numbers) {
    some.push_back(number);
    if (some.size() == kEvictionsAtOnce) evict();
  }
  evict();
}

void SeriesIndex::SetWindowStart(int64_t start_ms) {
  WriterLock lock(&mutex_);
  window_start_ms_.store(start_ms);
}

PairVersions::Stamp SeriesIndex::StampOf(const std::vector<Matcher>& matchers) {
  if (!versions_.counts()) {
    WriterLock lock(&mutex_);
    versions_.BeginToCount();
  }
  return versions_.StampOf(matchers);
}

void SeriesIndex::NoteChange(uint32_t number) {
  if (versions_.counts()) {
    postings_.ForEachLabel(number, [this](std::string_view name, std::string_view value) {
      versions_.Note(name, value);
    });
  }
  versions_.NoteSeries();
}

SeriesSet SeriesIndex::PresentLocked(TimeRange partitions) const {
  SeriesSet present;
  if (partitions.start_ms > partitions.end_ms) return present;
  const auto end = partitions_.upper_bound(partitions.end_ms);
  for (auto at = partitions_.lower_bound(partitions.start_ms); at != end; ++at) {
    present |= at->second;
  }
  return present;
}

bool SeriesIndex::AnyColdLocked(const Scope& scope) const {
  if (scope.start_ms >= window_start_ms_.load()) return false;
  if (scope.partitions.start_ms > scope.partitions.end_ms) return false;
  const auto end = partitions_.upper_bound(scope.partitions.end_ms);
  return std::any_of(partitions_.lower_bound(scope.partitions.start_ms), end,
                     [this](const auto& one) {
                       // isSubset() of a run in a bitset goes bit by bit.
                       const SeriesSet& present = one.second;
                       return present.and_cardinality(postings_.all()) < present.cardinality();
                     });
}

SeriesSet SeriesIndex::SelectLocked(const std::vector<Matcher>& matchers, const Scope& scope,
                                    SeriesSet* cold) const {
  *cold = SeriesSet();
  if (AnyColdLocked(scope)) *cold = PresentLocked(scope.partitions) - postings_.all();
  SeriesSet selected;
  if (scope.partitions.start_ms > scope.partitions.end_ms) return selected;
  const SeriesSet meeting = postings_.Select(matchers);
  const auto end = partitions_.upper_bound(scope.partitions.end_ms);
  for (auto at = partitions_.lower_bound(scope.partitions.start_ms); at != end; ++at) {
    selected |= meeting & at->second;
  }
  return selected;
}

std::vector<SeriesIndex::Series> SeriesIndex::Select(const std::vector<Matcher>& matchers,
                                                     const Scope& scope, SeriesSet* cold) const {
  std::vector<Series> series;
  {
    ReaderLock lock(&mutex_);
    const SeriesSet selected = SelectLocked(matchers, scope, cold);
    size_t label_bytes = 0;
    // Of more it may turn out that they are too many.
    series.reserve(std::min<uint64_t>(selected.cardinality(), kUsuallySelected));
    for (const uint32_t number : selected) {
      series.push_back({number, postings_.LabelsOf(number)});
      label_bytes += series.back().labels.packed().size();
      if (label_bytes > scope.max_label_bytes) break;
    }
  }
  std::sort(series.begin(), series.end(),
            [](const Series& a, const Series& b) { return a.labels < b.labels; });
  return series;
}

std::vector<std::string> SeriesIndex::LabelNames(const std::vector<Matcher>& matchers,
                                                 const Scope& scope, SeriesSet* cold) const {
  ReaderLock lock(&mutex_);
  return postings_.NamesOf(SelectLocked(matchers, scope, cold));
}

std::vector<std::string> SeriesIndex::LabelValues(const std::string& name,
                                                  const std::vector<Matcher>& matchers,
                                                  const Scope& scope, SeriesSet* cold) const {
  ReaderLock lock(&mutex_);
  return postings_.ValuesOf(name, SelectLocked(matchers, scope, cold));
}

std::optional<uint64_t> SeriesIndex::SeriesAtMost(const std::vector<Matcher>& matchers,
                                                  const Scope& scope) const {
  ReaderLock lock(&mutex_);
  if (AnyColdLocked(scope)) return std::nullopt;
  return postings_.AtMost(matchers);
}

bool SeriesIndex::HasPartitionBefore(int64_t partition_ms) const {
  ReaderLock lock(&mutex_);
  return !partitions_.empty() && partitions_.begin()->first < partition_ms;
}

SeriesSet SeriesIndex::DropBefore(int64_t partition_ms) {
  WriterLock lock(&mutex_);
  SeriesSet gone;
  const auto first_kept = partitions_.lower_bound(partition_ms);
  for (auto at = partitions_.begin(); at != first_kept; ++at) gone |= at->second;
  if (first_kept != partitions_.begin()) versions_.NoteAll();
  partitions_.erase(partitions_.begin(), first_kept);
  for (const auto& [partition, present] : partitions_) gone -= present;
  return gone;
}

SeriesSet SeriesIndex::GoneWithoutLocked(std::span<const Presence> marks) const {
  std::map<int64_t, SeriesSet> taken;
  SeriesSet gone;
  for (const Presence& mark : marks) {
    const auto present = partitions_.find(mark.partition_ms);
    if (present == partitions_.end() || !present->second.contains(mark.number)) continue;
    taken[mark.partition_ms].add(mark.number);
    gone.add(mark.number);
  }
  for (const auto& [partition_ms, present] : partitions_) {
    const auto less = taken.find(partition_ms);
    gone -= less == taken.end() ? present : present - less->second;
  }
  return gone;
}

SeriesSet SeriesIndex::GoneWithout(std::span<const Presence> marks) const {
  ReaderLock lock(&mutex_);
  return GoneWithoutLocked(marks);
}

SeriesSet SeriesIndex::Unmark(std::span<const Presence> marks) {
  WriterLock lock(&mutex_);
  SeriesSet gone = GoneWithoutLocked(marks);
  versions_.NoteAll();
  for (const Presence& mark : marks) {
    const auto partition = partitions_.find(mark.partition_ms);
    if (partition == partitions_.end()) continue;
    partition->second.remove(mark.number);
    if (partition->second.isEmpty()) partitions_.erase(partition);
  }
  return gone;
}

SeriesSet SeriesIndex::Present() const {
  ReaderLock lock(&mutex_);
  SeriesSet present;
  for (const auto& [partition, numbers] : partitions_) present |= numbers;
  return present;
}

bool SeriesIndex::AnyIn(uint32_t group) const {
  ReaderLock lock(&mutex_);
  return postings_.all().intersect(WholeGroup(group));
}

uint64_t SeriesIndex::size() const {
  ReaderLock lock(&mutex_);
  return postings_.all().cardinality();
}

}  // namespace vigil::storage
