// SPDX-License-Identifier: Apache-2.0
//
// Blocks from any bytes: the first byte says which kind, the rest is the block without its
// checksum, which is added so that the decoders behind it are reached.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/block/dump.h"
#include "storage/block/metric_block.h"
#include "storage/block/row_block_builder.h"
#include "storage/block/row_block_reader.h"
#include "storage/codec/checksum.h"
#include "storage/model/sample.h"
#include "tests/storage/codec/shapes.h"
#include "tests/testing/fuzz.h"

namespace vigil::storage {
namespace {

enum class Kind : uint8_t { kMetric, kTimes, kRow };
constexpr int kKinds = 3;

std::vector<int64_t> Times(size_t count) {
  std::vector<int64_t> times;
  for (size_t i = 0; i < count; ++i) times.push_back(static_cast<int64_t>(i * 1000 + i * i % 5));
  return times;
}

absl::StatusOr<TimesPtr> SharedTimes(uint64_t number, TimeRange) {
  return std::make_shared<const std::vector<int64_t>>(Times(65));
}

// What decodes encodes again to what decodes to the same.
void TryMetricBlock(std::string_view block) {
  SampleColumns columns;
  if (!DecodeMetricBlock(block, SharedTimes, &columns).ok()) return;
  VIGIL_CHECK(PeekMetricBlock(block).ok() && InspectMetricBlock(block).ok());
  const std::string again =
      columns.values.empty() ? EncodeHistogramBlock(columns.histogram_times_ms, columns.histograms)
                             : EncodeFloatBlock(columns.times_ms, columns.values);
  SampleColumns decoded;
  VIGIL_CHECK_OK(DecodeMetricBlock(again, SharedTimes, &decoded));
  VIGIL_CHECK(decoded.times_ms == columns.times_ms && Bits(decoded.values) == Bits(columns.values));
  VIGIL_CHECK(decoded.histogram_times_ms == columns.histogram_times_ms);
  for (size_t i = 0; i < decoded.histograms.size(); ++i) {
    VIGIL_CHECK(*decoded.histograms[i] == *columns.histograms[i]);
  }
}

void TryTimes(std::string_view column) {
  const absl::StatusOr<std::vector<int64_t>> times = DecodeTimesColumn(column);
  if (!times.ok()) return;
  VIGIL_CHECK(*DecodeTimesColumn(EncodeTimesColumn(*times)) == *times);
  const int64_t middle_ms = (*times)[times->size() / 2];
  for (const int64_t from_ms : {times->front(), middle_ms, times->back()}) {
    const TimeRange range = {from_ms, middle_ms};
    const absl::StatusOr<TimesPart> part = DecodeTimesPart(column, range);
    VIGIL_CHECK(part.ok() && part->Covers(range) && part->count == times->size());
    const auto begin = times->begin() + static_cast<ptrdiff_t>(part->first);
    VIGIL_CHECK(std::equal(part->times_ms->begin(), part->times_ms->end(), begin));
  }
}

void TryRowBlock(std::string_view block) {
  const absl::StatusOr<RowBlockReader> reader = RowBlockReader::Open(block);
  if (!reader.ok()) return;
  reader->MayContainToken("token");
  // Large claims are tested elsewhere; here they would only take time.
  if (reader->rows() <= 1000) DumpRowBlock(block);
}

std::string Seed(Kind kind, std::string_view block) {
  return std::string(1, static_cast<char>(kind))
      .append(block.substr(0, block.size() - kChecksumBytes));
}

std::string RowBlock(size_t rows) {
  RowBlockBuilder builder;
  for (size_t row = 0; row < rows; ++row) {
    builder.AddRow();
    builder.SetInt(builder.AddColumn("time", ColumnType::kInt), static_cast<int64_t>(row * 10));
    builder.SetString(builder.AddColumn("body", ColumnType::kString), row % 3 ? "a b" : "c");
    builder.AddTokens("a b c");
    if (row % 2 == 0) builder.SetDouble(builder.AddColumn("n", ColumnType::kDouble), 0.5);
    if (row % 5 == 0) builder.SetBool(builder.AddColumn("b", ColumnType::kBool), row % 2 == 0);
    builder.SetId(builder.AddColumn("t", ColumnType::kId16), TraceId{{1, 2}});
    builder.SetId(builder.AddColumn("s", ColumnType::kId8), SpanId{{static_cast<uint8_t>(row)}});
    builder.SetValue(builder.AddColumn("v", ColumnType::kValue),
                     {Attributes{{"k", {ValueList{{true}, {1.5}}}}}});
  }
  return builder.Finish("time");
}

}  // namespace
}  // namespace vigil::storage

namespace vigil::testing {

std::vector<std::string> FuzzSeeds() {
  using namespace vigil::storage;  // NOLINT: blocks of every kind.
  constexpr size_t kRows = 65;
  std::vector<std::string> seeds = {
      Seed(Kind::kTimes, EncodeTimesColumn(Times(kRows))),
      Seed(Kind::kTimes, EncodeTimesColumn(Times(3000), CodecEffort::kThorough))};
  for (const Shape<double>& shape : FloatShapes()) {
    if (shape.values.size() != kRows) continue;
    seeds.push_back(Seed(Kind::kMetric, EncodeFloatBlock(Times(kRows), shape.values)));
    seeds.push_back(Seed(Kind::kMetric, EncodeFloatBlock(Times(kRows), shape.values, 3)));
  }
  for (const auto& shape : HistogramShapes()) {
    const std::vector<int64_t> times = Times(shape.values.size());
    if (times.size() > kRows) continue;
    seeds.push_back(Seed(Kind::kMetric, EncodeHistogramBlock(times, shape.values)));
  }
  for (const size_t rows : {0, 1, 20, 200}) seeds.push_back(Seed(Kind::kRow, RowBlock(rows)));
  return seeds;
}

}  // namespace vigil::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigil::storage;  // NOLINT: blocks of every kind.
  if (size < 1) return 0;
  std::string block(data + 1, data + size);
  AppendChecksum(&block);
  switch (static_cast<Kind>(data[0] % kKinds)) {
    case Kind::kMetric:
      TryMetricBlock(block);
      break;
    case Kind::kTimes:
      TryTimes(block);
      break;
    case Kind::kRow:
      TryRowBlock(block);
      break;
  }
  return 0;
}
