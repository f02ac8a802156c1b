// SPDX-License-Identifier: Apache-2.0
//
// The samples in memory of 64 neighbouring series. Series that are written together mostly have
// neighbouring numbers and the same instant, so a tile keeps rows: one time, which of its series
// have a sample then, and their values side by side. Appending a batch copies values; no memory of
// a series' own is touched, and a time costs a sixty-fourth.
//
//   row   time  series present       values
//    0    1000  1111...1111          64 of them
//    1    1015  1111...1011          63
//    2    1015  0000...0100           1, came apart
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <absl/functional/function_ref.h>

#include "base/duration.h"
#include "storage/metrics/chunk_table.h"
#include "storage/metrics/head_columns.h"
#include "storage/metrics/querier.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// The samples of each series of a tile, by slot.
using TileColumns = std::array<SampleColumns, kChunkSize>;

// Not thread-safe.
class HeadTile {
 public:
  // Adds floats of neighbouring series for one instant. Requires: 1 <= values.size(), and the tile
  // has a slot for each.
  void Append(uint32_t first_slot, int64_t time_ms, std::span<const double> values);
  void Append(uint32_t slot, int64_t time_ms, std::shared_ptr<const Histogram> histogram);

  // The series that have samples here.
  SlotSet members() const { return float_members() | histogram_members_; }
  // About the memory that the samples take.
  size_t size_bytes() const {
    return rows_.capacity() * sizeof(Row) + values_.capacity() * sizeof(double) + histogram_bytes_;
  }

  // Where the next row and the next values go, if there is room.
  const void* next_row() const { return rows_.data() + rows_.size(); }
  const double* next_value() const { return values_.data() + values_.size(); }

  // Appends the samples of a series in `range` to `*columns` if they lie in order; false, and
  // nothing done, if they do not. Requires: `*columns` is empty.
  bool ReadInOrder(uint32_t slot, TimeRange range, SampleColumns* columns) const;
  // The last of these samples, wherever its row lies; kUnknown for a series with histograms.
  NewestSample Newest(uint32_t slot, TimeRange range) const;
  // The same as ReadInOrder for all series at once. Series with samples in the same rows have the
  // same instants. Requires: columns are empty.
  bool ReadAllInOrder(TimeRange range, TileColumns* columns) const;
  // The instants alone: calls visit(slots, times_ms) for each set of series that have samples at
  // these instants and no others. False, and no call, where ReadAllInOrder is false, or where there
  // are many such sets.
  bool VisitTimes(TimeRange range,
                  absl::FunctionRef<void(SlotSet, std::span<const int64_t>)> visit) const;

  // The samples of a series in `range`, as a copy that Normalize may still have to put in order.
  HeadColumns Copy(uint32_t slot, TimeRange range) const;

  // Puts rows in the order of time if that does not change which of two samples for one instant
  // came later, so that more of ReadInOrder succeeds.
  void SortRows();

 private:
  struct Row {
    int64_t time_ms;
    SlotSet present;
    uint32_t first_value;  // Where the values begin; they stand in the order of the slots.
  };
  struct TileHistogram {
    int64_t time_ms;
    // Rows that were there before: of a float and a histogram for one instant the later one counts.
    uint32_t rows_before;
    uint32_t slot;
    std::shared_ptr<const Histogram> histogram;
  };

  void AddRow(int64_t time_ms);  // Of no series yet.
  SlotSet float_members() const {
    return rows_.empty() ? 0 : closed_members_ | rows_.back().present;
  }
  struct RowRange {
    size_t begin;
    size_t end;
  };
  // The rows that may have samples in `range`.
  RowRange RowsIn(TimeRange range) const;
  // Series that are in the same rows of [rows.begin, rows.end). Empty if there are too many kinds
  // of rows to be worth finding out.
  std::vector<SlotSet> GroupsIn(RowRange rows) const;
  void CopyFloats(SlotSet bit, size_t begin, size_t end, TimeRange range, HeadColumns* copy) const;

  std::vector<Row> rows_;
  std::vector<double> values_;
  std::unique_ptr<std::vector<TileHistogram>> histograms_;  // Null until needed: most have none.
  size_t histogram_bytes_ = 0;
  SlotSet closed_members_ = 0;  // Of all rows but the last.
  SlotSet histogram_members_ = 0;
  bool row_open_ = false;                                    // The last row may still get samples.
  bool ascending_ = true;                                    // Times of rows never go back.
  int64_t newest_ms_ = std::numeric_limits<int64_t>::min();  // Of all rows.
  int64_t disorder_ms_ = 0;  // How far the time of a row goes back behind that of an earlier one.
};

}  // namespace vigil::storage
