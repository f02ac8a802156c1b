// SPDX-License-Identifier: Apache-2.0
//
// Metric blocks: the samples of one series for a stretch of time, as columns. Series whose samples
// came at the same instants share one column of times, which is kept beside the blocks under a
// number that they name. The format is docs/format/metric_block.md.
//
//   const std::string block = EncodeFloatBlock(times_ms, values, /*shared_times=*/17);
//   VIGIL_RETURN_IF_ERROR(DecodeMetricBlock(block, times_of, &columns));
//
// Functions only; thread-safe. Every decoder takes hostile bytes: it answers DataLoss or with
// columns that the bytes justify, never more than kMaxBlockSamples samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/duration.h"
#include "storage/codec/effort.h"
#include "storage/model/histogram.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// Samples of a block at most: a constant column takes a few bytes however long it claims to be, so
// the claim needs a bound. A day at 12 samples a second.
inline constexpr size_t kMaxBlockSamples = 1 << 20;

enum class MetricBlockKind : uint8_t { kFloat = 1, kHistogram = 2 };

// What a block tells without its columns being decoded.
struct MetricBlockHeader {
  MetricBlockKind kind = MetricBlockKind::kFloat;
  size_t count = 0;    // At least 1.
  int64_t min_ms = 0;  // The time of the first sample
  int64_t max_ms = 0;  // and of the last one.
  // The number of the column of times that holds this block's times; nullopt when the block holds
  // them itself.
  std::optional<uint64_t> shared_times;
  // Made with CodecEffort::kThorough.
  bool thorough = false;
};

using HistogramPtr = std::shared_ptr<const Histogram>;
using TimesPtr = std::shared_ptr<const std::vector<int64_t>>;

// Neighbouring times of a column, strictly ascending.
struct TimesPart {
  TimesPart() = default;
  // All of a column.
  TimesPart(TimesPtr all)  // NOLINT(google-explicit-constructor): where a part does, all do.
      : count(all->size()),
        min_ms(all->empty() ? 0 : all->front()),
        max_ms(all->empty() ? 0 : all->back()),
        times_ms(std::move(all)) {}

  // Whether the column has no other times in `range`.
  bool Covers(TimeRange range) const;
  size_t size() const { return times_ms->size(); }

  size_t first = 0;    // Where in the column the part begins.
  size_t count = 0;    // Times of the whole column.
  int64_t min_ms = 0;  // The first of them
  int64_t max_ms = 0;  // and the last.
  TimesPtr times_ms;   // Of the part; never null, perhaps empty.
};

// Gives of the column of times of a number a part that covers the range.
using TimesLookup =
    absl::FunctionRef<absl::StatusOr<TimesPart>(uint64_t shared_times, TimeRange range)>;

// Requires (all encoders): times ascend strictly; columns are equally long; 1 <= size <=
// kMaxBlockSamples. With `shared_times` the block names that column instead of holding the times
// (small numbers take less room); the column must hold exactly `times_ms`.
std::string EncodeFloatBlock(std::span<const int64_t> times_ms, std::span<const double> values,
                             std::optional<uint64_t> shared_times = std::nullopt,
                             CodecEffort effort = CodecEffort::kQuick);

// Requires also: no null, and FittingHistograms(histograms) == histograms.size().
std::string EncodeHistogramBlock(std::span<const int64_t> times_ms,
                                 std::span<const HistogramPtr> histograms,
                                 std::optional<uint64_t> shared_times = std::nullopt,
                                 CodecEffort effort = CodecEffort::kQuick);

// How many of the first histograms one block can hold: all, unless they have very many buckets. At
// least 1 when there is any.
size_t FittingHistograms(std::span<const HistogramPtr> histograms);

// A column of times on its own, with version and checksum.
std::string EncodeTimesColumn(std::span<const int64_t> times_ms,
                              CodecEffort effort = CodecEffort::kQuick);
absl::StatusOr<std::vector<int64_t>> DecodeTimesColumn(std::string_view bytes);
// Of a long column of which `range` is a small part, that part and what lies around it, for a
// fraction of the time and of the memory; of others all. The rest of the column may be damaged
// in ways that its checksum does not tell.
absl::StatusOr<TimesPart> DecodeTimesPart(std::string_view bytes, TimeRange range);

// Reads the header only and does not verify the checksum.
absl::StatusOr<MetricBlockHeader> PeekMetricBlock(std::string_view bytes);

// The parts of a block, for dumps: the encoded columns as they stand in `bytes`.
struct MetricBlockLayout {
  MetricBlockHeader header;
  std::string_view times;  // Empty if they are shared.
  std::string_view values;
};
absl::StatusOr<MetricBlockLayout> InspectMetricBlock(std::string_view bytes);

// Verifies the checksum, then appends the block's samples to the columns of their kind. On error
// `*columns` is as it was. `times_of` is called if the block shares its times; that the column
// found fits the block's count and range is checked.
absl::Status DecodeMetricBlock(std::string_view bytes, TimesLookup times_of,
                               SampleColumns* columns);

// The same of the samples in `range` alone; of floats no more is decoded than they need.
absl::Status DecodeMetricBlock(std::string_view bytes, TimesLookup times_of, TimeRange range,
                               SampleColumns* columns);

}  // namespace vigil::storage
