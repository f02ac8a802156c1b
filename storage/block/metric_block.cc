// SPDX-License-Identifier: Apache-2.0
#include "storage/block/metric_block.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include <fmt/format.h>

#include "base/status.h"
#include "base/wide.h"
#include "storage/codec/bytes.h"
#include "storage/codec/checksum.h"
#include "storage/codec/float_column.h"
#include "storage/codec/histogram_column.h"
#include "storage/codec/int_column.h"

namespace vigil::storage {
namespace {

// The first byte of blocks and of columns of times.
constexpr uint8_t kFormatVersion = 1;
// Set in a block's second byte, whose other bits are its kind.
constexpr uint8_t kSharedTimesFlag = 0x80;
constexpr uint8_t kThoroughFlag = 0x40;

void CheckVersion(ByteReader* reader) {
  const uint8_t version = reader->ReadByte("format version");
  if (reader->ok() && version != kFormatVersion) {
    reader->Fail("format version", fmt::format("{}, not {}", version, kFormatVersion));
  }
}

// Appends count, range and times, the latter as distances from the first.
// +--------------+--------------+----------------+----------------------------------------+
// | varint count | zigzag first | varint         | shared: varint number of the column    |
// |              | time         | last - first   | own: integer column of time - first    |
// +--------------+--------------+----------------+----------------------------------------+
void AppendTimes(std::span<const int64_t> times_ms, std::optional<uint64_t> shared_times,
                 CodecEffort effort, std::string* out) {
  const auto first = static_cast<uint64_t>(times_ms.front());
  AppendVarint(times_ms.size(), out);
  AppendZigzag(times_ms.front(), out);
  AppendVarint(static_cast<uint64_t>(times_ms.back()) - first, out);
  if (shared_times.has_value()) return AppendVarint(*shared_times, out);
  std::vector<int64_t> distances;
  distances.reserve(times_ms.size());
  for (const int64_t time : times_ms) {
    distances.push_back(static_cast<int64_t>(static_cast<uint64_t>(time) - first));
  }
  AppendIntColumn(distances, out, effort);
}

// Reads count and range; a failed reader leaves them 0.
void ReadRange(ByteReader* reader, MetricBlockHeader* header) {
  header->count = reader->ReadVarintUpTo(kMaxBlockSamples, "count");
  header->min_ms = reader->ReadZigzag("first time");
  const uint64_t length = reader->ReadVarint("time range");
  header->max_ms = static_cast<int64_t>(static_cast<uint64_t>(header->min_ms) + length);
  if (!reader->ok()) return;
  if (header->count == 0) return reader->Fail("count", "0");
  if (header->max_ms < header->min_ms) reader->Fail("time range", "ends before it begins");
}

MetricBlockHeader ReadHeader(ByteReader* reader) {
  MetricBlockHeader header;
  CheckVersion(reader);
  const uint8_t kind = reader->ReadByte("kind");
  header.kind = static_cast<MetricBlockKind>(kind & ~(kSharedTimesFlag | kThoroughFlag));
  header.thorough = (kind & kThoroughFlag) != 0;
  if (reader->ok() && header.kind != MetricBlockKind::kFloat &&
      header.kind != MetricBlockKind::kHistogram) {
    reader->Fail("kind", fmt::format("{} is unknown", kind));
  }
  ReadRange(reader, &header);
  if ((kind & kSharedTimesFlag) != 0) header.shared_times = reader->ReadVarint("shared times");
  return header;
}

// Whether times are as many and reach as far as the header says.
absl::Status CheckExtent(size_t count, int64_t min_ms, int64_t max_ms,
                         const MetricBlockHeader& header) {
  if (count != header.count) {
    return absl::DataLossError(
        fmt::format("times: {} of them for {} samples", count, header.count));
  }
  if (min_ms != header.min_ms || max_ms != header.max_ms) {
    return absl::DataLossError(fmt::format("times: [{}, {}] in a block of [{}, {}]", min_ms, max_ms,
                                           header.min_ms, header.max_ms));
  }
  return absl::OkStatus();
}

absl::Status CheckExtent(std::span<const int64_t> times, const MetricBlockHeader& header) {
  return CheckExtent(times.size(), times.empty() ? 0 : times.front(),
                     times.empty() ? 0 : times.back(), header);
}

absl::Status CheckAscending(std::span<const int64_t> times) {
  // A loop without an early end, and with a flag as wide as what it looks at, is several times as
  // fast.
  const bool falls = Wide(
      [](std::span<const int64_t> all) {
        uint64_t falls = 0;
        for (size_t i = 1; i < all.size(); ++i) falls |= all[i] <= all[i - 1] ? 1 : 0;
        return falls != 0;
      },
      times);
  return !falls ? absl::OkStatus() : absl::DataLossError("times: not in ascending order");
}

absl::Status CheckTimes(std::span<const int64_t> times, const MetricBlockHeader& header) {
  VIGIL_RETURN_IF_ERROR(CheckExtent(times, header));
  return CheckAscending(times);
}

// Times at a constant distance, which ascend without being looked at.
absl::Status FillSteps(const IntStep& column, const MetricBlockHeader& header,
                       std::span<int64_t> times) {
  int64_t length = 0;
  if (column.step <= 0 || __builtin_mul_overflow(column.step, times.size() - 1, &length)) {
    return absl::DataLossError("times: not in ascending order");
  }
  const uint64_t first = static_cast<uint64_t>(column.first) + static_cast<uint64_t>(header.min_ms);
  const auto step = static_cast<uint64_t>(column.step);
  for (size_t i = 0; i < times.size(); ++i) times[i] = static_cast<int64_t>(first + step * i);
  return CheckExtent(times, header);
}

// Times are kept as distances from the first.
void AddTo(std::span<int64_t> distances, int64_t first_ms) {
  const auto first = static_cast<uint64_t>(first_ms);
  for (int64_t& time : distances) time = static_cast<int64_t>(static_cast<uint64_t>(time) + first);
}

// Fills `times`, which has header.count entries, from the block's own column.
absl::Status ReadOwnTimes(ByteReader* reader, const MetricBlockHeader& header,
                          std::span<int64_t> times) {
  const std::optional<IntStep> steps = ReadStepColumn(reader, "times");
  if (steps.has_value() && reader->ok()) return FillSteps(*steps, header, times);
  ReadIntColumn(reader, "times", times);
  if (!reader->ok()) return reader->status();
  AddTo(times, header.min_ms);
  return CheckTimes(times, header);
}

// The times of a block that may be in a range, wherever they are kept.
class BlockTimes {
 public:
  absl::Status Read(ByteReader* reader, const MetricBlockHeader& header, TimesLookup times_of,
                    TimeRange range) {
    if (!header.shared_times.has_value()) {
      own_.resize(header.count);
      return ReadOwnTimes(reader, header, own_);
    }
    VIGIL_ASSIGN_OR_RETURN_WITH(shared_, times_of(*header.shared_times, range),
                                fmt::format("shared times {}", *header.shared_times));
    // That they ascend was checked when they were decoded, once for all blocks that share them.
    VIGIL_RETURN_IF_ERROR_WITH(CheckExtent(shared_.count, shared_.min_ms, shared_.max_ms, header),
                               fmt::format("shared times {}", *header.shared_times));
    return absl::OkStatus();
  }
  std::span<const int64_t> times_ms() const {
    return shared_.times_ms != nullptr ? *shared_.times_ms : own_;
  }
  // Where among the block's samples these begin.
  size_t first() const { return shared_.first; }

 private:
  std::vector<int64_t> own_;
  TimesPart shared_;
};

absl::StatusOr<MetricBlockHeader> ReadTimesHeader(ByteReader* reader) {
  MetricBlockHeader header;
  CheckVersion(reader);
  ReadRange(reader, &header);
  if (!reader->ok()) return reader->status();
  return header;
}

// A part of a column is worth less than all of it, which serves all ranges: it must be this many
// times smaller.
constexpr size_t kLeastSaving = 4;

// Samples come about evenly: where those of the range would be if they came just so, and around it
// as much as makes up for some jitter and a few gaps.
struct IndexRange {
  size_t begin;
  size_t end;
};
IndexRange LikelyPart(const MetricBlockHeader& header, TimeRange range) {
  const size_t margin = 64 + header.count / 64;
  const auto length = static_cast<double>(header.max_ms) - static_cast<double>(header.min_ms);
  const auto index_of = [&](int64_t time_ms) {
    const int64_t within = std::clamp(time_ms, header.min_ms, header.max_ms);
    const double share =
        (static_cast<double>(within) - static_cast<double>(header.min_ms)) / std::max(length, 1.0);
    return static_cast<size_t>(share * static_cast<double>(header.count));
  };
  const size_t begin = index_of(range.start_ms);
  const size_t end = index_of(range.end_ms) + margin;
  return {begin > margin ? begin - margin : 0, std::clamp(end, begin, header.count)};
}

// Reads the times [begin, end) of a column.
absl::StatusOr<TimesPart> ReadTimesPart(ByteReader* reader, const MetricBlockHeader& header,
                                        size_t begin, size_t end) {
  std::vector<int64_t> times_ms(end - begin);
  ReadIntColumnPart(reader, "times", header.count, begin, times_ms);
  reader->ExpectEnd("times");
  if (!reader->ok()) return reader->status();
  AddTo(times_ms, header.min_ms);
  VIGIL_RETURN_IF_ERROR(CheckAscending(times_ms));
  TimesPart part;
  part.first = begin;
  part.count = header.count;
  part.min_ms = header.min_ms;
  part.max_ms = header.max_ms;
  part.times_ms = std::make_shared<const std::vector<int64_t>>(std::move(times_ms));
  return part;
}

absl::Status ReadHistograms(ByteReader* reader, std::span<HistogramPtr> histograms) {
  ReadHistogramColumn(reader, "histograms", histograms);
  reader->ExpectEnd("histograms");
  return reader->status();
}

// Appends some of a block's times, and the values from `first` on that belong to them; or nothing
// on failure.
absl::Status AppendFloats(ByteReader* reader, size_t count, size_t first,
                          std::span<const int64_t> times_ms, SampleColumns* columns) {
  const size_t old_size = columns->values.size();
  columns->values.resize(old_size + times_ms.size());
  ReadFloatColumnPart(reader, "values", count, first, std::span(columns->values).subspan(old_size));
  reader->ExpectEnd("values");
  if (reader->ok()) {
    columns->times_ms.insert(columns->times_ms.end(), times_ms.begin(), times_ms.end());
  } else {
    columns->values.resize(old_size);
  }
  return reader->status();
}

// Everything before the values.
// +---------+------------------------+------------------------------+
// | version | kind; flags: 0x80      | times, see AppendTimes       |
// |         | times are shared, 0x40 |                              |
// |         | made thoroughly        |                              |
// +---------+------------------------+------------------------------+
std::string BeginBlock(MetricBlockKind kind, std::span<const int64_t> times_ms, size_t values,
                       std::optional<uint64_t> shared_times, CodecEffort effort) {
  VIGIL_CHECK(!times_ms.empty() && times_ms.size() <= kMaxBlockSamples);
  VIGIL_CHECK(times_ms.size() == values);
  std::string block(1, static_cast<char>(kFormatVersion));
  auto kind_byte = static_cast<uint8_t>(kind);
  if (shared_times.has_value()) kind_byte |= kSharedTimesFlag;
  if (effort == CodecEffort::kThorough) kind_byte |= kThoroughFlag;
  block.push_back(static_cast<char>(kind_byte));
  AppendTimes(times_ms, shared_times, effort, &block);
  return block;
}

}  // namespace

// +---------------------+-------------------------+--------------------+
// | header and times,   | float column            | checksum (4 bytes) |
// | see BeginBlock      | (codec/float_column.cc) |                    |
// +---------------------+-------------------------+--------------------+
std::string EncodeFloatBlock(std::span<const int64_t> times_ms, std::span<const double> values,
                             std::optional<uint64_t> shared_times, CodecEffort effort) {
  std::string block =
      BeginBlock(MetricBlockKind::kFloat, times_ms, values.size(), shared_times, effort);
  AppendFloatColumn(values, &block, effort);
  AppendChecksum(&block);
  return block;
}

// As above, with a histogram column (codec/histogram_column.cc).
std::string EncodeHistogramBlock(std::span<const int64_t> times_ms,
                                 std::span<const HistogramPtr> histograms,
                                 std::optional<uint64_t> shared_times, CodecEffort effort) {
  std::string block =
      BeginBlock(MetricBlockKind::kHistogram, times_ms, histograms.size(), shared_times, effort);
  AppendHistogramColumn(histograms, &block, effort);
  AppendChecksum(&block);
  return block;
}

size_t FittingHistograms(std::span<const HistogramPtr> histograms) {
  size_t cells = 0;
  size_t fitting = 0;
  while (fitting < histograms.size()) {
    cells += HistogramCells(*histograms[fitting]);
    if (fitting != 0 && cells > kMaxHistogramCells) break;
    ++fitting;
  }
  return fitting;
}

// +---------+--------------------------------------+--------------------+
// | version | count, range and own times as above  | checksum (4 bytes) |
// +---------+--------------------------------------+--------------------+
std::string EncodeTimesColumn(std::span<const int64_t> times_ms, CodecEffort effort) {
  VIGIL_CHECK(!times_ms.empty() && times_ms.size() <= kMaxBlockSamples);
  std::string column(1, static_cast<char>(kFormatVersion));
  AppendTimes(times_ms, std::nullopt, effort, &column);
  AppendChecksum(&column);
  return column;
}

absl::StatusOr<std::vector<int64_t>> DecodeTimesColumn(std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view content, VerifyChecksum(bytes));
  ByteReader reader(content);
  VIGIL_ASSIGN_OR_RETURN(const MetricBlockHeader header, ReadTimesHeader(&reader));
  std::vector<int64_t> times(header.count);
  VIGIL_RETURN_IF_ERROR(ReadOwnTimes(&reader, header, times));
  reader.ExpectEnd("times");
  if (!reader.ok()) return reader.status();
  return times;
}

bool TimesPart::Covers(TimeRange range) const {
  const bool begins = first == 0 || (size() != 0 && times_ms->front() <= range.start_ms);
  const bool ends = first + size() == count || (size() != 0 && times_ms->back() >= range.end_ms);
  return begins && ends;
}

absl::StatusOr<TimesPart> DecodeTimesPart(std::string_view bytes, TimeRange range) {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view content, VerifyChecksum(bytes));
  ByteReader reader(content);
  VIGIL_ASSIGN_OR_RETURN(const MetricBlockHeader header, ReadTimesHeader(&reader));
  const auto [begin, end] = LikelyPart(header, range);
  if (end - begin <= header.count / kLeastSaving) {
    VIGIL_ASSIGN_OR_RETURN(TimesPart part, ReadTimesPart(&reader, header, begin, end));
    if (part.Covers(range)) return part;
  }
  VIGIL_ASSIGN_OR_RETURN(std::vector<int64_t> times_ms, DecodeTimesColumn(bytes));
  return std::make_shared<const std::vector<int64_t>>(std::move(times_ms));
}

absl::StatusOr<MetricBlockHeader> PeekMetricBlock(std::string_view bytes) {
  ByteReader reader(bytes);
  MetricBlockHeader header = ReadHeader(&reader);
  if (!reader.ok()) return reader.status();
  return header;
}

absl::StatusOr<MetricBlockLayout> InspectMetricBlock(std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view content, VerifyChecksum(bytes));
  ByteReader reader(content);
  MetricBlockLayout layout;
  layout.header = ReadHeader(&reader);
  layout.times = layout.values = reader.rest();
  if (reader.ok() && !layout.header.shared_times.has_value()) {
    std::vector<int64_t> times(layout.header.count);
    ReadIntColumn(&reader, "times", times);
    layout.values = reader.rest();
  }
  if (!reader.ok()) return reader.status();
  layout.times.remove_suffix(layout.values.size());
  return layout;
}

absl::Status DecodeMetricBlock(std::string_view bytes, TimesLookup times_of,
                               SampleColumns* columns) {
  constexpr TimeRange kAll = {std::numeric_limits<int64_t>::min(),
                              std::numeric_limits<int64_t>::max()};
  return DecodeMetricBlock(bytes, times_of, kAll, columns);
}

absl::Status DecodeMetricBlock(std::string_view bytes, TimesLookup times_of, TimeRange range,
                               SampleColumns* columns) {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view content, VerifyChecksum(bytes));
  ByteReader reader(content);
  const MetricBlockHeader header = ReadHeader(&reader);
  if (!reader.ok()) return reader.status();
  BlockTimes times;
  VIGIL_RETURN_IF_ERROR(times.Read(&reader, header, times_of, range));
  const std::span<const int64_t> times_ms = times.times_ms();
  const auto begin = std::lower_bound(times_ms.begin(), times_ms.end(), range.start_ms);
  const auto end = std::upper_bound(begin, times_ms.end(), range.end_ms);
  if (begin >= end) return absl::OkStatus();
  const size_t first = times.first() + static_cast<size_t>(begin - times_ms.begin());
  if (header.kind == MetricBlockKind::kFloat) {
    return AppendFloats(&reader, header.count, first, std::span(begin, end), columns);
  }
  std::vector<HistogramPtr> histograms(header.count);
  VIGIL_RETURN_IF_ERROR(ReadHistograms(&reader, histograms));
  const auto from = std::make_move_iterator(histograms.begin() + static_cast<ptrdiff_t>(first));
  columns->histogram_times_ms.insert(columns->histogram_times_ms.end(), begin, end);
  columns->histograms.insert(columns->histograms.end(), from, from + (end - begin));
  return absl::OkStatus();
}

}  // namespace vigil::storage
