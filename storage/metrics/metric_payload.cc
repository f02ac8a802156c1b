// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_payload.h"

#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "base/status.h"
#include "storage/codec/bytes.h"

// All of it is little-endian; a varint is LEB128, a zigzag a varint of a zigzagged difference to
// the one before (the first to 0). The first series of a run is told by its difference to the one
// behind the run before.
//
//   +-----------+---------+------------------+---------+---------------------------+
//   | version=2 | count n | n definitions    | count r | r times: first, time, count m, m doubles |
//   ... |    u8     | varint  |                  | varint  |     zigz.,  zigz., varint,  |
//   +-----------+---------+------------------+---------+------------------------------------------+
//       +---------+--------------------------------------+
//   ... | count k | k times: number, time, histogram     |
//       | varint  |          zigz.,  zigz.               |
//       +---------+--------------------------------------+
//
// Version 3, written only where there are exemplars, goes on:
//
//       +---------+-------------------------------------------+
//   ... | count e | e times: number, time,  value,   labels   |
//       | varint  |          zigz.,  zigz., 8 bytes,  text    |
//       +---------+-------------------------------------------+
namespace vigil::storage {
namespace {

constexpr uint8_t kVersion = 2;
constexpr uint8_t kVersionWithExemplars = 3;

// How a definition's metadata is written.
enum class MetadataForm : uint8_t { kNone = 0, kAsBefore = 1, kFollows = 2 };

static_assert(std::endian::native == std::endian::little, "values are copied as they are");

// Differences wrap around: any two numbers have one.
int64_t Difference(uint64_t to, uint64_t from) { return static_cast<int64_t>(to - from); }

char* PutVarint(uint64_t rest, char* at) {
  while (rest >= 0x80) {
    *at++ = static_cast<char>(rest | 0x80);
    rest >>= 7;
  }
  *at++ = static_cast<char>(rest);
  return at;
}

// The runs, through a raw pointer into room for the worst case: every accepted sample passes here.
void EncodeFloats(const MetricBatch& batch, std::string* out) {
  AppendVarint(batch.runs.size(), out);
  const size_t start = out->size();
  out->resize(start + batch.runs.size() * 3 * kMaxVarintBytes +
              batch.values.size() * sizeof(double));
  char* at = out->data() + start;
  const double* values = batch.values.data();
  uint64_t next = 0;
  uint64_t time_ms = 0;
  for (const SampleRun& run : batch.runs) {
    const auto first = static_cast<uint64_t>(run.first);
    at = PutVarint(Zigzag(Difference(first, next)), at);
    at = PutVarint(Zigzag(Difference(static_cast<uint64_t>(run.time_ms), time_ms)), at);
    at = PutVarint(run.count, at);
    std::memcpy(at, values, run.count * sizeof(double));
    at += run.count * sizeof(double);
    values += run.count;
    next = first + run.count;
    time_ms = static_cast<uint64_t>(run.time_ms);
  }
  out->resize(at - out->data());
}

void AppendDouble(double value, std::string* out) {
  AppendFixed64(std::bit_cast<uint64_t>(value), out);
}

void AppendDoubles(const std::vector<double>& values, std::string* out) {
  AppendVarint(values.size(), out);
  for (const double value : values) AppendDouble(value, out);
}

void AppendSpans(const std::vector<BucketSpan>& spans, std::string* out) {
  AppendVarint(spans.size(), out);
  for (const BucketSpan& span : spans) {
    AppendZigzag(span.offset, out);
    AppendVarint(span.length, out);
  }
}

void EncodeHistogram(const Histogram& histogram, std::string* out) {
  out->push_back(static_cast<char>(histogram.schema));
  out->push_back(static_cast<char>(histogram.reset_hint));
  for (const double value :
       {histogram.zero_threshold, histogram.zero_count, histogram.count, histogram.sum}) {
    AppendDouble(value, out);
  }
  AppendSpans(histogram.positive_spans, out);
  AppendSpans(histogram.negative_spans, out);
  AppendDoubles(histogram.positive_counts, out);
  AppendDoubles(histogram.negative_counts, out);
  AppendDoubles(histogram.custom_bounds, out);
}

void EncodeHistograms(const MetricBatch& batch, std::string* out) {
  AppendVarint(batch.histograms.size(), out);
  uint64_t series = 0;
  uint64_t time_ms = 0;
  for (const HistogramSample& sample : batch.histograms) {
    AppendZigzag(Difference(static_cast<uint64_t>(sample.series), series), out);
    AppendZigzag(Difference(static_cast<uint64_t>(sample.time_ms), time_ms), out);
    series = static_cast<uint64_t>(sample.series);
    time_ms = static_cast<uint64_t>(sample.time_ms);
    EncodeHistogram(*sample.histogram, out);
  }
}

void EncodeExemplars(const MetricBatch& batch, std::string* out) {
  AppendVarint(batch.exemplars.size(), out);
  uint64_t series = 0;
  uint64_t time_ms = 0;
  for (const auto& [ref, exemplar] : batch.exemplars) {
    AppendZigzag(Difference(static_cast<uint64_t>(ref), series), out);
    AppendZigzag(Difference(static_cast<uint64_t>(exemplar.time_ms), time_ms), out);
    series = static_cast<uint64_t>(ref);
    time_ms = static_cast<uint64_t>(exemplar.time_ms);
    AppendDouble(exemplar.value, out);
    AppendText(exemplar.labels.packed(), out);
  }
}

void EncodeDefinitions(const std::vector<SeriesDefinition>& definitions, std::string* out) {
  AppendVarint(definitions.size(), out);
  const MetricMetadata none;
  const MetricMetadata* previous = &none;
  for (const SeriesDefinition& definition : definitions) {
    AppendVarint(definition.number, out);
    AppendText(definition.labels.packed(), out);
    const MetadataForm form = definition.metadata == none        ? MetadataForm::kNone
                              : definition.metadata == *previous ? MetadataForm::kAsBefore
                                                                 : MetadataForm::kFollows;
    out->push_back(static_cast<char>(form));
    if (form == MetadataForm::kFollows) {
      EncodeMetadata(definition.metadata, out);
      previous = &definition.metadata;
    }
  }
}

double ReadDouble(ByteReader& reader, std::string_view field) {
  return std::bit_cast<double>(reader.ReadFixed64(field));
}

// A count of things that take at least `least_bytes` each: what is not there is not made room for.
size_t ReadCount(ByteReader& reader, size_t least_bytes, std::string_view field) {
  const uint64_t count = reader.ReadVarintUpTo(reader.remaining() / least_bytes, field);
  return reader.ok() ? count : 0;
}

std::vector<double> ReadDoubles(ByteReader& reader, std::string_view field) {
  std::vector<double> values(ReadCount(reader, sizeof(double), field));
  for (double& value : values) value = ReadDouble(reader, field);
  return values;
}

std::vector<BucketSpan> ReadSpans(ByteReader& reader, std::string_view field) {
  std::vector<BucketSpan> spans(ReadCount(reader, 2, field));
  for (BucketSpan& span : spans) {
    const int64_t offset = reader.ReadZigzag(field);
    if (offset != static_cast<int32_t>(offset)) reader.Fail(field, "offset is out of range");
    span.offset = static_cast<int32_t>(offset);
    span.length = reader.ReadVarintUpTo(std::numeric_limits<uint32_t>::max(), field);
  }
  return spans;
}

void CheckBuckets(const std::vector<BucketSpan>& spans, const std::vector<double>& counts,
                  ByteReader& reader) {
  uint64_t buckets = 0;
  for (const BucketSpan& span : spans) buckets += span.length;
  if (buckets != counts.size()) reader.Fail("histogram", "spans and counts differ in length");
}

std::shared_ptr<const Histogram> ReadHistogram(ByteReader& reader) {
  auto histogram = std::make_shared<Histogram>();
  histogram->schema = static_cast<int8_t>(reader.ReadByte("schema"));
  const uint8_t hint = reader.ReadByte("counter reset hint");
  if (hint > static_cast<uint8_t>(CounterResetHint::kGauge)) {
    reader.Fail("counter reset hint", "is unknown");
  }
  histogram->reset_hint = static_cast<CounterResetHint>(hint);
  histogram->zero_threshold = ReadDouble(reader, "zero threshold");
  histogram->zero_count = ReadDouble(reader, "zero count");
  histogram->count = ReadDouble(reader, "count");
  histogram->sum = ReadDouble(reader, "sum");
  histogram->positive_spans = ReadSpans(reader, "positive spans");
  histogram->negative_spans = ReadSpans(reader, "negative spans");
  histogram->positive_counts = ReadDoubles(reader, "positive counts");
  histogram->negative_counts = ReadDoubles(reader, "negative counts");
  histogram->custom_bounds = ReadDoubles(reader, "custom bounds");
  CheckBuckets(histogram->positive_spans, histogram->positive_counts, reader);
  CheckBuckets(histogram->negative_spans, histogram->negative_counts, reader);
  return histogram;
}

MetricMetadata ReadMetadata(ByteReader& reader) {
  MetricMetadata metadata;
  const uint8_t type = reader.ReadByte("metric type");
  if (type > static_cast<uint8_t>(MetricType::kStateSet)) reader.Fail("metric type", "is unknown");
  metadata.type = static_cast<MetricType>(type);
  metadata.unit = reader.ReadText("unit");
  metadata.help = reader.ReadText("help");
  return metadata;
}

// Moves `*series` along by the next difference. Fails when it leaves the shard's numbers.
SeriesRef ReadSeries(ByteReader& reader, uint32_t shard, uint64_t* series) {
  *series += static_cast<uint64_t>(reader.ReadZigzag("series number"));
  const SeriesRef ref{*series};
  if (reader.ok() && (ShardOf(ref) != shard || NumberOf(ref) == 0 ||
                      NumberOf(ref) > std::numeric_limits<uint32_t>::max())) {
    reader.Fail("series number", "is out of range");
  }
  return ref;
}

void ReadDefinitions(ByteReader& reader, std::vector<SeriesDefinition>* definitions) {
  definitions->resize(ReadCount(reader, 3, "count of definitions"));
  MetricMetadata previous;
  for (SeriesDefinition& definition : *definitions) {
    definition.number =
        reader.ReadVarintUpTo(std::numeric_limits<uint32_t>::max(), "defined number");
    if (definition.number == 0) reader.Fail("defined number", "is zero");
    absl::StatusOr<Labels> labels = Labels::FromPacked(reader.ReadText("labels"));
    if (!labels.ok()) reader.Fail("labels", MessageOf(labels.status()));
    const uint8_t form = reader.ReadByte("metadata form");
    if (form > static_cast<uint8_t>(MetadataForm::kFollows)) reader.Fail("metadata", "is unknown");
    if (!reader.ok()) return;
    definition.labels = *std::move(labels);
    if (form == static_cast<uint8_t>(MetadataForm::kFollows)) previous = ReadMetadata(reader);
    if (form != static_cast<uint8_t>(MetadataForm::kNone)) definition.metadata = previous;
  }
}

void ReadFloats(ByteReader& reader, uint32_t shard, MetricBatch* batch) {
  const size_t runs = ReadCount(reader, 3 + sizeof(double), "count of runs");
  uint64_t next = 0;
  uint64_t time_ms = 0;
  batch->runs.reserve(runs);
  for (size_t i = 0; i < runs && reader.ok(); ++i) {
    const SeriesRef first = ReadSeries(reader, shard, &next);
    time_ms += static_cast<uint64_t>(reader.ReadZigzag("time"));
    const size_t count = ReadCount(reader, sizeof(double), "length of a run");
    if (count == 0) reader.Fail("length of a run", "is zero");
    next += count;
    if (NumberOf(SeriesRef{next - 1}) > std::numeric_limits<uint32_t>::max()) {
      reader.Fail("length of a run", "leaves the numbers of series");
    }
    const std::string_view bytes = reader.ReadBytes(count * sizeof(double), "values");
    if (!reader.ok()) return;
    batch->runs.push_back({first, static_cast<uint32_t>(count), static_cast<int64_t>(time_ms)});
    const size_t start = batch->values.size();
    batch->values.resize(start + count);
    std::memcpy(batch->values.data() + start, bytes.data(), bytes.size());
  }
}

void ReadHistograms(ByteReader& reader, uint32_t shard, MetricBatch* batch) {
  const size_t count = ReadCount(reader, 2, "count of histograms");
  uint64_t series = 0;
  uint64_t time_ms = 0;
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    const SeriesRef ref = ReadSeries(reader, shard, &series);
    time_ms += static_cast<uint64_t>(reader.ReadZigzag("time"));
    batch->histograms.push_back({ref, static_cast<int64_t>(time_ms), ReadHistogram(reader)});
  }
}

void ReadExemplars(ByteReader& reader, uint32_t shard, MetricBatch* batch) {
  const size_t count = ReadCount(reader, 3 + sizeof(double), "count of exemplars");
  uint64_t series = 0;
  uint64_t time_ms = 0;
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    ExemplarSample sample = {ReadSeries(reader, shard, &series), {}};
    time_ms += static_cast<uint64_t>(reader.ReadZigzag("exemplar time"));
    sample.exemplar.time_ms = static_cast<int64_t>(time_ms);
    sample.exemplar.value = ReadDouble(reader, "exemplar value");
    absl::StatusOr<Labels> labels = Labels::FromPacked(reader.ReadText("exemplar labels"));
    if (!labels.ok()) reader.Fail("exemplar labels", MessageOf(labels.status()));
    if (!reader.ok()) return;
    sample.exemplar.labels = *std::move(labels);
    batch->exemplars.push_back(std::move(sample));
  }
}

}  // namespace

void EncodeMetricPayload(const std::vector<SeriesDefinition>& definitions, const MetricBatch& batch,
                         std::string* out) {
  const bool exemplars = !batch.exemplars.empty();
  out->push_back(static_cast<char>(exemplars ? kVersionWithExemplars : kVersion));
  EncodeDefinitions(definitions, out);
  EncodeFloats(batch, out);
  EncodeHistograms(batch, out);
  if (exemplars) EncodeExemplars(batch, out);
}

absl::StatusOr<MetricPayload> DecodeMetricPayload(uint32_t shard, std::string_view bytes) {
  ByteReader reader(bytes);
  const uint8_t version = reader.ReadByte("version");
  if (version != kVersion && version != kVersionWithExemplars) {
    reader.Fail("version", "is unknown");
  }
  MetricPayload payload;
  ReadDefinitions(reader, &payload.definitions);
  ReadFloats(reader, shard, &payload.batch);
  ReadHistograms(reader, shard, &payload.batch);
  if (version == kVersionWithExemplars) ReadExemplars(reader, shard, &payload.batch);
  reader.ExpectEnd("payload");
  if (!reader.ok()) return Annotate(reader.status(), "metric payload");
  return payload;
}

void EncodeMetadata(const MetricMetadata& metadata, std::string* out) {
  out->push_back(static_cast<char>(metadata.type));
  AppendText(metadata.unit, out);
  AppendText(metadata.help, out);
}

absl::StatusOr<MetricMetadata> DecodeMetadata(std::string_view bytes) {
  ByteReader reader(bytes);
  MetricMetadata metadata = ReadMetadata(reader);
  reader.ExpectEnd("metadata");
  if (!reader.ok()) return Annotate(reader.status(), "metadata of a metric");
  return metadata;
}

}  // namespace vigil::storage
