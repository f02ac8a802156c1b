// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/head_tile.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace vigil::storage {
namespace {

// Capacities double as long as they are small, then grow by half: doubling would leave a third of
// the head's memory unused.
constexpr size_t kSmallBytes = 1024;
template <typename T>
void GrowFor(size_t more, size_t first_capacity, std::vector<T>* column) {
  const size_t needed = column->size() + more;
  if (needed <= column->capacity()) return;
  const bool small = column->capacity() * sizeof(T) < kSmallBytes;
  const size_t grown = small ? column->capacity() * 2 : column->capacity() * 3 / 2;
  column->reserve(std::max({first_capacity, needed, grown}));
}

// Of rows, by which series they have. A tile that an exporter fills has one or two.
constexpr size_t kMostKindsOfRows = 16;

// `time_ms` - `less_ms`, as far as there is such a time. Requires: less_ms >= 0.
int64_t Earlier(int64_t time_ms, int64_t less_ms) {
  int64_t earlier_ms = 0;
  const bool below = __builtin_sub_overflow(time_ms, less_ms, &earlier_ms);
  return below ? std::numeric_limits<int64_t>::min() : earlier_ms;
}

// Room that columns start with.
constexpr size_t kFirstRows = 4;
constexpr size_t kFirstValues = 8;

}  // namespace

void HeadTile::Append(uint32_t first_slot, int64_t time_ms, std::span<const double> values) {
  const SlotSet slots = SlotRange(first_slot, static_cast<uint32_t>(values.size()));
  // Samples join the last row unless it has one of these series already.
  const bool joins =
      row_open_ && rows_.back().time_ms == time_ms && (rows_.back().present & slots) == 0;
  if (!joins) AddRow(time_ms);
  Row& row = rows_.back();
  const int before = std::popcount(row.present & (SlotRange(first_slot, 1) - 1));
  row.present |= slots;
  GrowFor(values.size(), kFirstValues, &values_);
  values_.insert(values_.begin() + row.first_value + before, values.begin(), values.end());
}

void HeadTile::AddRow(int64_t time_ms) {
  if (!rows_.empty()) {
    if (time_ms < rows_.back().time_ms) ascending_ = false;
    closed_members_ |= rows_.back().present;
  }
  if (time_ms < newest_ms_) {
    int64_t back_ms = 0;
    const bool beyond = __builtin_sub_overflow(newest_ms_, time_ms, &back_ms);
    disorder_ms_ = beyond ? std::numeric_limits<int64_t>::max() : std::max(disorder_ms_, back_ms);
  } else {
    newest_ms_ = time_ms;
  }
  GrowFor(1, kFirstRows, &rows_);
  rows_.push_back({time_ms, 0, static_cast<uint32_t>(values_.size())});
  row_open_ = true;
}

void HeadTile::Append(uint32_t slot, int64_t time_ms, std::shared_ptr<const Histogram> histogram) {
  if (histograms_ == nullptr) histograms_ = std::make_unique<std::vector<TileHistogram>>();
  histogram_bytes_ += HeadColumns::SizeOf(*histogram) + sizeof(TileHistogram);
  histograms_->push_back(
      {time_ms, static_cast<uint32_t>(rows_.size()), slot, std::move(histogram)});
  histogram_members_ |= SlotSet{1} << slot;
  row_open_ = false;
}

void HeadTile::CopyFloats(SlotSet bit, size_t begin, size_t end, TimeRange range,
                          HeadColumns* copy) const {
  for (size_t i = begin; i < end; ++i) {
    const Row& row = rows_[i];
    if ((row.present & bit) == 0) continue;
    if (row.time_ms < range.start_ms || row.time_ms > range.end_ms) continue;
    const int before = std::popcount(row.present & (bit - 1));
    copy->Append(row.time_ms, values_[row.first_value + before]);
  }
}

HeadTile::RowRange HeadTile::RowsIn(TimeRange range) const {
  if (!ascending_) return {0, rows_.size()};
  const auto earlier = [](const Row& row, int64_t time_ms) { return row.time_ms < time_ms; };
  const auto later = [](int64_t time_ms, const Row& row) { return time_ms < row.time_ms; };
  const auto begin = std::lower_bound(rows_.begin(), rows_.end(), range.start_ms, earlier);
  const auto end = std::upper_bound(begin, rows_.end(), range.end_ms, later);
  return {static_cast<size_t>(begin - rows_.begin()), static_cast<size_t>(end - rows_.begin())};
}

void HeadTile::SortRows() {
  if (ascending_ || histograms_ != nullptr) return;
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const Row& a, const Row& b) { return a.time_ms < b.time_ms; });
  closed_members_ = float_members();
  for (const Row& row : rows_) closed_members_ |= row.present;
  row_open_ = false;  // The values of the last row need not be the last ones any more.
  ascending_ = true;
  disorder_ms_ = 0;
}

NewestSample HeadTile::Newest(uint32_t slot, TimeRange range) const {
  const SlotSet bit = SlotSet{1} << slot;
  if ((histogram_members_ & bit) != 0) return {};
  NewestSample newest = {.kind = NewestSample::Kind::kNone};
  size_t i = rows_.size();
  // Mostly the newest of all is asked for, and no other row need be touched.
  if (ascending_ && i > 0 && rows_.back().time_ms > range.end_ms) {
    i = RowsIn({range.end_ms, range.end_ms}).end;
  }
  // What stands before a row with an earlier time than this is from before the range.
  int64_t stop_ms = Earlier(range.start_ms, disorder_ms_);
  while (i-- > 0) {
    const Row& row = rows_[i];
    if (row.time_ms < stop_ms) break;
    if ((row.present & bit) == 0 || !range.Contains(row.time_ms)) continue;
    newest = {NewestSample::Kind::kFloat, row.time_ms,
              values_[row.first_value + std::popcount(row.present & (bit - 1))]};
    // Of samples for one instant the later one counts, which was seen first.
    if (row.time_ms == std::numeric_limits<int64_t>::max()) break;
    range.start_ms = row.time_ms + 1;
    stop_ms = Earlier(range.start_ms, disorder_ms_);
  }
  return newest;
}

bool HeadTile::ReadInOrder(uint32_t slot, TimeRange range, SampleColumns* columns) const {
  const SlotSet bit = SlotSet{1} << slot;
  if (!ascending_ || (histogram_members_ & bit) != 0) return false;
  const auto [begin, end] = RowsIn(range);
  columns->times_ms.reserve(end - begin);
  columns->values.reserve(end - begin);
  for (size_t i = begin; i < end; ++i) {
    const Row& row = rows_[i];
    if ((row.present & bit) == 0) continue;
    const double value = values_[row.first_value + std::popcount(row.present & (bit - 1))];
    if (!columns->times_ms.empty() && columns->times_ms.back() == row.time_ms) {
      columns->values.back() = value;  // The later one counts.
    } else {
      columns->times_ms.push_back(row.time_ms);
      columns->values.push_back(value);
    }
  }
  return true;
}

std::vector<SlotSet> HeadTile::GroupsIn(RowRange rows) const {
  std::vector<SlotSet> kinds;
  std::vector<SlotSet> groups;
  for (size_t i = rows.begin; i < rows.end; ++i) {
    const SlotSet present = rows_[i].present;
    if (std::find(kinds.rbegin(), kinds.rend(), present) != kinds.rend()) continue;
    if (kinds.size() == kMostKindsOfRows) return {};
    kinds.push_back(present);
    // Each group falls into those that are in the row and those that are not.
    SlotSet fresh = present;
    for (size_t g = 0, before = groups.size(); g < before; ++g) {
      const SlotSet inside = groups[g] & present;
      fresh &= ~inside;
      if (inside == 0 || inside == groups[g]) continue;
      groups.push_back(groups[g] & ~inside);
      groups[g] = inside;
    }
    if (fresh != 0) groups.push_back(fresh);
  }
  return groups;
}

bool HeadTile::VisitTimes(TimeRange range,
                          absl::FunctionRef<void(SlotSet, std::span<const int64_t>)> visit) const {
  if (!ascending_ || histogram_members_ != 0) return false;
  const RowRange rows = RowsIn(range);
  const std::vector<SlotSet> groups = GroupsIn(rows);
  if (groups.empty() && rows.begin != rows.end) return false;
  std::vector<int64_t> times_ms;
  for (const SlotSet group : groups) {
    times_ms.clear();
    for (size_t i = rows.begin; i < rows.end; ++i) {
      if ((rows_[i].present & group) == 0) continue;
      if (!times_ms.empty() && times_ms.back() == rows_[i].time_ms) continue;
      times_ms.push_back(rows_[i].time_ms);
    }
    visit(group, times_ms);
  }
  return true;
}

bool HeadTile::ReadAllInOrder(TimeRange range, TileColumns* columns) const {
  if (!ascending_ || histogram_members_ != 0) return false;
  const auto begin = [columns](SlotSet group, std::span<const int64_t> times_ms) {
    for (SlotSet rest = group; rest != 0; rest &= rest - 1) {
      SampleColumns& series = (*columns)[std::countr_zero(rest)];
      series.times_ms.assign(times_ms.begin(), times_ms.end());
      series.values.reserve(times_ms.size());
    }
  };
  const bool have_times = VisitTimes(range, begin);
  const RowRange rows = RowsIn(range);
  std::array<int64_t, kChunkSize> last_ms = {};
  for (size_t i = rows.begin; i < rows.end; ++i) {
    const Row& row = rows_[i];
    const double* value = values_.data() + row.first_value;
    for (SlotSet rest = row.present; rest != 0; rest &= rest - 1) {
      const int slot = std::countr_zero(rest);
      std::vector<double>& values = (*columns)[slot].values;
      if (values.empty() || last_ms[slot] != row.time_ms) {
        values.push_back(*value++);
        if (!have_times) (*columns)[slot].times_ms.push_back(row.time_ms);
      } else {
        values.back() = *value++;  // The later one counts.
      }
      last_ms[slot] = row.time_ms;
    }
  }
  return true;
}

HeadColumns HeadTile::Copy(uint32_t slot, TimeRange range) const {
  HeadColumns copy;
  const SlotSet bit = SlotSet{1} << slot;
  auto [begin, end] = RowsIn(range);
  if ((histogram_members_ & bit) == 0) {
    CopyFloats(bit, begin, end, range, &copy);
    return copy;
  }
  // In the order in which they came, by which HeadColumns judges.
  for (const TileHistogram& one : *histograms_) {
    if (one.slot != slot || one.time_ms < range.start_ms || one.time_ms > range.end_ms) continue;
    const size_t until = std::clamp<size_t>(one.rows_before, begin, end);
    CopyFloats(bit, begin, until, range, &copy);
    begin = until;
    copy.Append(one.time_ms, one.histogram);
  }
  CopyFloats(bit, begin, end, range, &copy);
  return copy;
}

}  // namespace vigil::storage
