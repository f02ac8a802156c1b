// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_cursor.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/status.h"
#include "storage/logs/log_block.h"

namespace vigil::storage {
namespace {

bool InRange(const TimeRangeNs& range, int64_t time_ns) {
  return time_ns >= range.start_ns && time_ns < range.end_ns;
}

class MemoryCursor final : public LogCursor {
 public:
  // Requires: `records` is not empty.
  explicit MemoryCursor(std::vector<const NumberedRecord*> records)
      : records_(std::move(records)) {}

  int64_t time_ns() const override { return records_[at_]->record.time_ns; }
  uint64_t number() const override { return records_[at_]->number; }
  const LogRecord& record() override { return records_[at_]->record; }
  bool Next() override { return ++at_ < records_.size(); }

 private:
  std::vector<const NumberedRecord*> records_;
  size_t at_ = 0;
};

class BlockCursor final : public LogCursor {
 public:
  // Requires: `rows` is not empty.
  BlockCursor(LogBlock block, std::vector<uint32_t> rows)
      : block_(std::move(block)), rows_(std::move(rows)) {}

  int64_t time_ns() const override { return block_.rows().times[rows_[at_]]; }
  uint64_t number() const override {
    return static_cast<uint64_t>(block_.rows().numbers[rows_[at_]]);
  }
  const LogRecord& record() override {
    if (!record_) record_ = block_.Record(rows_[at_]);
    return *record_;
  }
  bool Next() override {
    record_.reset();
    return ++at_ < rows_.size();
  }

 private:
  const LogBlock block_;
  const std::vector<uint32_t> rows_;
  size_t at_ = 0;
  std::optional<LogRecord> record_;
};

std::vector<uint32_t> SelectRows(const LogBlockRows& rows, const LogSelection& selection,
                                 const NumberSet& in_memory) {
  std::vector<uint32_t> selected;
  const bool any_trace = selection.trace_id.empty();
  for (size_t row = 0; row < rows.times.values.size(); ++row) {
    if (!InRange(selection.range, rows.times[row])) continue;
    if (!any_trace && rows.trace_ids[row] != selection.trace_id) continue;
    if (in_memory.Contains(static_cast<uint64_t>(rows.numbers[row]))) continue;
    selected.push_back(static_cast<uint32_t>(row));
  }
  if (selection.newest_first) std::reverse(selected.begin(), selected.end());
  return selected;
}

}  // namespace

NumberSet::NumberSet(const std::vector<LogChunks::View>& records) {
  for (const LogChunks::View& view : records) {
    for (const NumberedRecord& entry : view.records) {
      if (!runs_.empty() && entry.number == runs_.back().last + 1) {
        runs_.back().last = entry.number;
      } else {
        runs_.push_back({entry.number, entry.number});
      }
    }
  }
  std::sort(runs_.begin(), runs_.end(),
            [](const Run& a, const Run& b) { return a.first < b.first; });
}

bool NumberSet::Contains(uint64_t number) const {
  const auto behind =
      std::upper_bound(runs_.begin(), runs_.end(), number,
                       [](uint64_t wanted, const Run& run) { return wanted < run.first; });
  return behind != runs_.begin() && number <= std::prev(behind)->last;
}

std::unique_ptr<LogCursor> MakeMemoryCursor(const std::vector<LogChunks::View>& records,
                                            const LogSelection& selection) {
  const TimeRangeNs& range = selection.range;
  std::vector<const NumberedRecord*> selected;
  for (const LogChunks::View& view : records) {
    if (view.max_ns < range.start_ns || view.min_ns >= range.end_ns) continue;
    for (const NumberedRecord& entry : view.records) {
      if (!InRange(range, entry.record.time_ns)) continue;
      if (!selection.trace_id.empty() && entry.record.trace_id != selection.trace_id) continue;
      selected.push_back(&entry);
    }
  }
  if (selected.empty()) return nullptr;
  const auto before = [](const NumberedRecord* a, const NumberedRecord* b) {
    return std::tie(a->record.time_ns, a->number) < std::tie(b->record.time_ns, b->number);
  };
  // Records mostly come in order.
  if (!std::is_sorted(selected.begin(), selected.end(), before)) {
    std::sort(selected.begin(), selected.end(), before);
  }
  if (selection.newest_first) std::reverse(selected.begin(), selected.end());
  return std::make_unique<MemoryCursor>(std::move(selected));
}

bool MayHoldSelected(const RowBlockReader& block, const LogSelection& selection) {
  if (!block.times() || block.times()->max < selection.range.start_ns ||
      block.times()->min >= selection.range.end_ns) {
    return false;
  }
  if (!selection.trace_id.empty() && !block.MayContainToken(selection.trace_id.ToText())) {
    return false;
  }
  return std::all_of(selection.required_substrings.begin(), selection.required_substrings.end(),
                     [&block](const std::string& text) { return block.MayContainSubstring(text); });
}

absl::StatusOr<std::unique_ptr<LogCursor>> MakeBlockCursor(std::string_view block,
                                                           const LogSelection& selection,
                                                           const NumberSet& in_memory) {
  VIGIL_ASSIGN_OR_RETURN(const RowBlockReader reader, RowBlockReader::Open(block));
  VIGIL_ASSIGN_OR_RETURN(LogBlockRows rows, LogBlockRows::Read(reader));
  std::vector<uint32_t> selected = SelectRows(rows, selection, in_memory);
  if (selected.empty()) return nullptr;
  VIGIL_ASSIGN_OR_RETURN(LogBlock decoded, LogBlock::Read(reader, std::move(rows)));
  return std::make_unique<BlockCursor>(std::move(decoded), std::move(selected));
}

}  // namespace vigil::storage
