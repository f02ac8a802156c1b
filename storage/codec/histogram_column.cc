// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/histogram_column.h"

#include <bit>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/codec/float_column.h"
#include "storage/codec/int_column.h"

namespace vigil::storage {
namespace {

using HistogramPtr = std::shared_ptr<const Histogram>;
using Rows = std::span<const HistogramPtr>;

// How the counts of buckets are laid out. Persisted: never renumber.
enum class CountOrder : uint8_t { kByBucket = 0, kByRow = 1 };

// Cells that a histogram takes beside its vectors.
constexpr size_t kFixedCells = 24;

uint64_t BucketsOf(const std::vector<BucketSpan>& spans) {
  uint64_t buckets = 0;
  for (const BucketSpan& span : spans) buckets += span.length;
  return buckets;
}

// The count of bucket `i`, positive ones first.
double CountAt(const Histogram& histogram, size_t i) {
  const size_t positive = histogram.positive_counts.size();
  return i < positive ? histogram.positive_counts[i] : histogram.negative_counts[i - positive];
}

void SetCountAt(Histogram* histogram, size_t i, double count) {
  const size_t positive = histogram->positive_counts.size();
  (i < positive ? histogram->positive_counts[i] : histogram->negative_counts[i - positive]) = count;
}

size_t CountsOf(const Histogram& histogram) {
  return histogram.positive_counts.size() + histogram.negative_counts.size();
}

// +---------------+----------------+-------------------+------------------+------------------+
// | zigzag schema | zero threshold | positive spans    | negative spans   | varint number of |
// |               | (8 bytes)      |                   |                  | bounds, a float  |
// |               |                |                   |                  | column of them   |
// +---------------+----------------+-------------------+------------------+------------------+
// Spans: varint number, then zigzag offset and varint length of each.
void AppendSpans(const std::vector<BucketSpan>& spans, std::string* out) {
  AppendVarint(spans.size(), out);
  for (const BucketSpan& span : spans) {
    AppendZigzag(span.offset, out);
    AppendVarint(span.length, out);
  }
}

std::string EncodeLayout(const Histogram& histogram) {
  VIGIL_CHECK(BucketsOf(histogram.positive_spans) == histogram.positive_counts.size());
  VIGIL_CHECK(BucketsOf(histogram.negative_spans) == histogram.negative_counts.size());
  std::string layout;
  AppendZigzag(histogram.schema, &layout);
  AppendFixed64(std::bit_cast<uint64_t>(histogram.zero_threshold), &layout);
  AppendSpans(histogram.positive_spans, &layout);
  AppendSpans(histogram.negative_spans, &layout);
  AppendVarint(histogram.custom_bounds.size(), &layout);
  AppendFloatColumn(histogram.custom_bounds, &layout);
  return layout;
}

// The distinct layouts in order of appearance, and which of them each row has.
struct Layouts {
  std::vector<std::string> entries;
  std::vector<int64_t> indexes;
};

Layouts CollectLayouts(Rows histograms) {
  Layouts layouts;
  StringMap<int64_t> numbers;
  for (const HistogramPtr& histogram : histograms) {
    std::string layout = EncodeLayout(*histogram);
    const auto [at, fresh] =
        numbers.try_emplace(layout, static_cast<int64_t>(layouts.entries.size()));
    if (fresh) layouts.entries.push_back(std::move(layout));
    layouts.indexes.push_back(at->second);
  }
  return layouts;
}

// For each layout, the rows that have it.
template <typename Pointer>
std::vector<std::vector<Pointer>> GroupByLayout(size_t layouts, std::span<const int64_t> indexes,
                                                std::span<const Pointer> rows) {
  std::vector<std::vector<Pointer>> groups(layouts);
  for (size_t i = 0; i < rows.size(); ++i) {
    groups[static_cast<size_t>(indexes[i])].push_back(rows[i]);
  }
  return groups;
}

// One number of each row as a float column.
template <typename Get>
void AppendNumbers(Rows histograms, Get get, CodecEffort effort, std::string* out) {
  std::vector<double> numbers;
  numbers.reserve(histograms.size());
  for (const HistogramPtr& histogram : histograms) numbers.push_back(get(*histogram));
  AppendFloatColumn(numbers, out, effort);
}

std::string EncodeCountsByBucket(Rows histograms, const Layouts& layouts, CodecEffort effort) {
  std::string encoded(1, static_cast<char>(CountOrder::kByBucket));
  const auto groups =
      GroupByLayout<HistogramPtr>(layouts.entries.size(), layouts.indexes, histograms);
  for (const std::vector<HistogramPtr>& group : groups) {
    const size_t buckets = CountsOf(*group.front());
    for (size_t i = 0; i < buckets; ++i) {
      AppendNumbers(
          group, [i](const Histogram& histogram) { return CountAt(histogram, i); }, effort,
          &encoded);
    }
  }
  return encoded;
}

std::string EncodeCountsByRow(Rows histograms, CodecEffort effort) {
  std::vector<double> counts;
  for (const HistogramPtr& histogram : histograms) {
    counts.insert(counts.end(), histogram->positive_counts.begin(),
                  histogram->positive_counts.end());
    counts.insert(counts.end(), histogram->negative_counts.begin(),
                  histogram->negative_counts.end());
  }
  std::string encoded(1, static_cast<char>(CountOrder::kByRow));
  AppendFloatColumn(counts, &encoded, effort);
  return encoded;
}

// Reads one column; what it claims to hold is charged against a budget before it is made.
class ColumnReader {
 public:
  ColumnReader(ByteReader* reader, std::string_view field, size_t rows)
      : reader_(*reader), field_(field), rows_(rows) {}

  void Read(std::span<HistogramPtr> out) {
    ReadLayouts();
    ReadRows();
    ReadScalars();
    ReadCounts();
    if (!reader_.ok()) return;
    for (size_t i = 0; i < out.size(); ++i) out[i] = std::move(rows_[i]);
  }

 private:
  void Charge(uint64_t cells) {
    if (cells > cells_left_) {
      return reader_.Fail(field_, fmt::format("more than {} cells", kMaxHistogramCells));
    }
    cells_left_ -= cells;
  }

  std::vector<BucketSpan> ReadSpans() {
    std::vector<BucketSpan> spans;
    const uint64_t count = reader_.ReadVarintUpTo(reader_.remaining(), field_);
    for (uint64_t i = 0; i < count && reader_.ok(); ++i) {
      const int64_t offset = reader_.ReadZigzag(field_);
      const auto length = static_cast<uint32_t>(reader_.ReadVarintUpTo(UINT32_MAX, field_));
      if (offset != static_cast<int32_t>(offset)) {
        reader_.Fail(field_, fmt::format("span offset {}", offset));
      }
      spans.push_back({static_cast<int32_t>(offset), length});
    }
    return spans;
  }

  Histogram ReadLayout() {
    Histogram layout;
    const int64_t schema = reader_.ReadZigzag(field_);
    if (schema != static_cast<int8_t>(schema)) {
      reader_.Fail(field_, fmt::format("schema {}", schema));
    }
    layout.schema = static_cast<int8_t>(schema);
    layout.zero_threshold = std::bit_cast<double>(reader_.ReadFixed64(field_));
    layout.positive_spans = ReadSpans();
    layout.negative_spans = ReadSpans();
    const uint64_t bounds = reader_.ReadVarint(field_);
    Charge(bounds);
    if (!reader_.ok()) return layout;
    layout.custom_bounds.resize(bounds);
    ReadFloatColumn(&reader_, field_, layout.custom_bounds);
    return layout;
  }

  void ReadLayouts() {
    const uint64_t count = reader_.ReadVarintUpTo(rows_.size(), field_);
    for (uint64_t i = 0; i < count && reader_.ok(); ++i) layouts_.push_back(ReadLayout());
    indexes_.resize(rows_.size());
    ReadIntColumn(&reader_, field_, indexes_);
  }

  // Makes the histograms, all counts 0.
  void ReadRows() {
    for (size_t i = 0; i < rows_.size() && reader_.ok(); ++i) {
      const auto index = static_cast<uint64_t>(indexes_[i]);
      if (index >= layouts_.size()) {
        return reader_.Fail(field_, fmt::format("layout {} of {}", index, layouts_.size()));
      }
      const Histogram& layout = layouts_[index];
      const uint64_t positive = BucketsOf(layout.positive_spans);
      const uint64_t negative = BucketsOf(layout.negative_spans);
      Charge(kFixedCells + positive + negative + layout.positive_spans.size() +
             layout.negative_spans.size() + layout.custom_bounds.size());
      if (!reader_.ok()) return;
      rows_[i] = std::make_shared<Histogram>(layout);
      rows_[i]->positive_counts.resize(positive);
      rows_[i]->negative_counts.resize(negative);
    }
  }

  // Reads a float column with a number for each of `rows`.
  template <typename Set>
  void ReadNumbers(std::span<const std::shared_ptr<Histogram>> rows, Set set) {
    numbers_.resize(rows.size());
    ReadFloatColumn(&reader_, field_, numbers_);
    if (!reader_.ok()) return;
    for (size_t i = 0; i < rows.size(); ++i) set(rows[i].get(), numbers_[i]);
  }

  void ReadScalars() {
    if (!reader_.ok()) return;
    std::vector<int64_t> hints(rows_.size());
    ReadIntColumn(&reader_, field_, hints);
    for (size_t i = 0; i < rows_.size() && reader_.ok(); ++i) {
      if (hints[i] < 0 || hints[i] > static_cast<int64_t>(CounterResetHint::kGauge)) {
        return reader_.Fail(field_, fmt::format("counter reset hint {}", hints[i]));
      }
      rows_[i]->reset_hint = static_cast<CounterResetHint>(hints[i]);
    }
    ReadNumbers(rows_, [](Histogram* row, double number) { row->zero_count = number; });
    ReadNumbers(rows_, [](Histogram* row, double number) { row->count = number; });
    ReadNumbers(rows_, [](Histogram* row, double number) { row->sum = number; });
  }

  void ReadCounts() {
    const uint8_t order = reader_.ReadByte(field_);
    if (!reader_.ok()) return;
    switch (static_cast<CountOrder>(order)) {
      case CountOrder::kByBucket:
        return ReadCountsByBucket();
      case CountOrder::kByRow:
        return ReadCountsByRow();
    }
    reader_.Fail(field_, fmt::format("unknown order of counts {}", order));
  }

  void ReadCountsByBucket() {
    const auto groups = GroupByLayout<std::shared_ptr<Histogram>>(layouts_.size(), indexes_, rows_);
    for (const auto& group : groups) {
      if (group.empty()) continue;
      const size_t buckets = CountsOf(*group.front());
      for (size_t i = 0; i < buckets && reader_.ok(); ++i) {
        ReadNumbers(group, [i](Histogram* row, double count) { SetCountAt(row, i, count); });
      }
    }
  }

  void ReadCountsByRow() {
    size_t total = 0;
    for (const auto& row : rows_) total += CountsOf(*row);
    std::vector<double> counts(total);
    ReadFloatColumn(&reader_, field_, counts);
    const double* at = counts.data();
    for (const auto& row : rows_) {
      for (double& count : row->positive_counts) count = *at++;
      for (double& count : row->negative_counts) count = *at++;
    }
  }

  ByteReader& reader_;
  const std::string_view field_;
  uint64_t cells_left_ = kMaxHistogramCells;
  std::vector<Histogram> layouts_;  // Without counts.
  std::vector<int64_t> indexes_;    // Of layouts_, one a row.
  std::vector<std::shared_ptr<Histogram>> rows_;
  std::vector<double> numbers_;  // Kept between columns for its memory.
};

}  // namespace

size_t HistogramCells(const Histogram& histogram) {
  // A column holds its layouts once more beside the rows: bounds count twice.
  return kFixedCells + CountsOf(histogram) + histogram.positive_spans.size() +
         histogram.negative_spans.size() + 2 * histogram.custom_bounds.size();
}

// +----------------+---------+----------------+----------------------------------------+---------+
// | varint number  | layouts | integer column | integer column: counter reset hints;   | counts, |
// | of layouts     |         | layout of each | float columns: zero count, count, sum  | below   |
// |                |         | row            |                                        |         |
// +----------------+---------+----------------+----------------------------------------+---------+
// Counts: a byte, then
//   by bucket:  for each layout, for each of its buckets (positive ones first): a float column of
//               the bucket's counts in the rows of that layout;
//   by row:     one float column of all counts, row by row.
void AppendHistogramColumn(Rows histograms, std::string* out, CodecEffort effort) {
  if (histograms.empty()) return;
  const Layouts layouts = CollectLayouts(histograms);
  AppendVarint(layouts.entries.size(), out);
  for (const std::string& layout : layouts.entries) *out += layout;
  AppendIntColumn(layouts.indexes, out, effort);
  std::vector<int64_t> hints;
  for (const HistogramPtr& row : histograms) hints.push_back(static_cast<int64_t>(row->reset_hint));
  AppendIntColumn(hints, out, effort);
  AppendNumbers(
      histograms, [](const Histogram& row) { return row.zero_count; }, effort, out);
  AppendNumbers(
      histograms, [](const Histogram& row) { return row.count; }, effort, out);
  AppendNumbers(
      histograms, [](const Histogram& row) { return row.sum; }, effort, out);
  const std::string by_bucket = EncodeCountsByBucket(histograms, layouts, effort);
  const std::string by_row = EncodeCountsByRow(histograms, effort);
  *out += by_row.size() < by_bucket.size() ? by_row : by_bucket;
}

void ReadHistogramColumn(ByteReader* reader, std::string_view field,
                         std::span<std::shared_ptr<const Histogram>> out) {
  if (out.empty()) return;
  ColumnReader(reader, field, out.size()).Read(out);
}

}  // namespace vigil::storage
