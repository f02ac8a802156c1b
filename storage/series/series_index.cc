// SPDX-License-Identifier: Apache-2.0
#include "storage/series/series_index.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace vigil::storage {

absl::StatusOr<uint32_t> SeriesIndex::GetOrAdd(const Labels& labels, NewNumber new_number) {
  {
    ReaderLock lock(&mutex_);
    if (const auto known = by_labels_.find(labels); known != by_labels_.end()) {
      return (*known)->number;
    }
  }
  WriterLock lock(&mutex_);
  if (const auto known = by_labels_.find(labels); known != by_labels_.end()) {
    return (*known)->number;
  }
  VIGIL_ASSIGN_OR_RETURN(const uint32_t number, new_number(postings_.all().cardinality()));
  VIGIL_CHECK(number != 0 && !by_number_.contains(number));
  AddLocked(number, labels);
  return number;
}

bool SeriesIndex::Restore(uint32_t number, const Labels& labels) {
  WriterLock lock(&mutex_);
  const auto known = by_labels_.find(labels);
  if (known != by_labels_.end()) return (*known)->number == number;
  if (number == 0 || by_number_.contains(number)) return false;
  AddLocked(number, labels);
  return true;
}

void SeriesIndex::AddLocked(uint32_t number, const Labels& labels) {
  auto entry = std::unique_ptr<Entry>(new Entry{.number = number, .labels = labels});
  postings_.Add(number, entry->labels);
  by_labels_.insert(entry.get());
  by_number_.insert(std::move(entry));
}

std::optional<Labels> SeriesIndex::LabelsOf(uint32_t number) const {
  ReaderLock lock(&mutex_);
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return std::nullopt;
  return (*found)->labels;
}

std::vector<uint32_t> SeriesIndex::MarkPresent(std::span<const Presence> marks) {
  std::vector<uint32_t> revived;
  WriterLock lock(&mutex_);
  for (const Presence& mark : marks) {
    const auto found = by_number_.find(mark.number);
    if (found == by_number_.end()) continue;
    Entry& entry = **found;
    if (entry.retired) {
      entry.retired = false;
      postings_.Add(entry.number, entry.labels);
      revived.push_back(entry.number);
    }
    partitions_[mark.partition_ms].add(mark.number);
  }
  return revived;
}

SeriesSet SeriesIndex::SelectLocked(const std::vector<Matcher>& matchers,
                                    TimeRange partitions) const {
  if (partitions.start_ms > partitions.end_ms) return {};
  const auto labels_of = [this](uint32_t number)
                             ABSL_SHARED_LOCKS_REQUIRED(mutex_) -> const Labels& {
    return (*by_number_.find(number))->labels;
  };
  const SeriesSet matching = postings_.Select(matchers, labels_of);
  SeriesSet selected;
  const auto end = partitions_.upper_bound(partitions.end_ms);
  for (auto at = partitions_.lower_bound(partitions.start_ms); at != end; ++at) {
    selected |= matching & at->second;
  }
  return selected;
}

std::vector<SeriesIndex::Series> SeriesIndex::Select(const std::vector<Matcher>& matchers,
                                                     TimeRange partitions) const {
  std::vector<const Entry*> entries;
  {
    ReaderLock lock(&mutex_);
    const SeriesSet selected = SelectLocked(matchers, partitions);
    entries.reserve(selected.cardinality());
    for (const uint32_t number : selected) entries.push_back(by_number_.find(number)->get());
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry* a, const Entry* b) { return a->labels < b->labels; });
  std::vector<Series> series;
  series.reserve(entries.size());
  for (const Entry* entry : entries) series.push_back({entry->number, entry->labels});
  return series;
}

std::vector<std::string> SeriesIndex::LabelNames(const std::vector<Matcher>& matchers,
                                                 TimeRange partitions) const {
  ReaderLock lock(&mutex_);
  return postings_.NamesOf(SelectLocked(matchers, partitions));
}

std::vector<std::string> SeriesIndex::LabelValues(const std::string& name,
                                                  const std::vector<Matcher>& matchers,
                                                  TimeRange partitions) const {
  ReaderLock lock(&mutex_);
  return postings_.ValuesOf(name, SelectLocked(matchers, partitions));
}

bool SeriesIndex::HasPartitionBefore(int64_t partition_ms) const {
  ReaderLock lock(&mutex_);
  return !partitions_.empty() && partitions_.begin()->first < partition_ms;
}

std::vector<uint32_t> SeriesIndex::DropBefore(int64_t partition_ms) {
  WriterLock lock(&mutex_);
  partitions_.erase(partitions_.begin(), partitions_.lower_bound(partition_ms));
  SeriesSet empty = postings_.all();
  for (const auto& [partition, present] : partitions_) empty -= present;
  std::vector<uint32_t> retired;
  retired.reserve(empty.cardinality());
  for (const uint32_t number : empty) {
    RetireLocked(number);
    retired.push_back(number);
  }
  return retired;
}

void SeriesIndex::RetireLocked(uint32_t number) {
  Entry& entry = **by_number_.find(number);
  entry.retired = true;
  postings_.Remove(number, entry.labels);
}

std::vector<uint32_t> SeriesIndex::Unmark(std::span<const Presence> marks) {
  std::vector<uint32_t> retired;
  WriterLock lock(&mutex_);
  for (const Presence& mark : marks) {
    const auto partition = partitions_.find(mark.partition_ms);
    if (partition == partitions_.end()) continue;
    partition->second.remove(mark.number);
    if (partition->second.isEmpty()) partitions_.erase(partition);
  }
  for (const Presence& mark : marks) {
    const auto entry = by_number_.find(mark.number);
    if (entry == by_number_.end() || (*entry)->retired) continue;
    const bool present =
        std::any_of(partitions_.begin(), partitions_.end(),
                    [&mark](const auto& one) { return one.second.contains(mark.number); });
    if (present) continue;
    RetireLocked(mark.number);
    retired.push_back(mark.number);
  }
  return retired;
}

bool SeriesIndex::IsRetired(uint32_t number) const {
  ReaderLock lock(&mutex_);
  const auto found = by_number_.find(number);
  return found != by_number_.end() && (*found)->retired;
}

uint64_t SeriesIndex::size() const {
  ReaderLock lock(&mutex_);
  return postings_.all().cardinality();
}

}  // namespace vigil::storage
