// SPDX-License-Identifier: Apache-2.0
#include "server/remote_read/read_answer.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "base/status.h"
#include "base/wire_writer.h"
#include "server/remote_read/chunks.h"

namespace vigil::server {
namespace {

using storage::Histogram;
using storage::SeriesHandle;

// A frame's chunks are cut off here, as Prometheus does.
constexpr size_t kFrameBytes = 1 << 20;
// What is sent at a time.
constexpr size_t kPieceBytes = 256 << 10;
// A querier holds a moment of the store; it is renewed after so many series, so that a slow reader
// holds up nothing.
constexpr size_t kSeriesPerQuerier = 1000;
// Behind the end of an answer that failed: the length of a frame that does not come.
constexpr char kCutFrame = '\x7f';

// Castagnoli's polynomial, bits reversed.
constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

uint32_t Crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return ~crc;
}

void WriteLabels(const storage::Labels& labels, WireWriter* wire) {
  for (const storage::LabelView& label : labels) {
    wire->Message(1, [&] {
      wire->Bytes(1, label.name);
      wire->Bytes(2, label.value);
    });
  }
}

void WriteSpans(uint32_t field, const std::vector<storage::BucketSpan>& spans, WireWriter* wire) {
  for (const storage::BucketSpan& span : spans) {
    wire->Message(field, [&] {
      wire->ZigZag(1, span.offset);
      wire->Varint(2, span.length);
    });
  }
}

// As a histogram of floats, which every reader takes.
void WriteHistogram(const Histogram& histogram, int64_t time_ms, WireWriter* wire) {
  wire->Double(2, histogram.count);
  wire->Double(3, histogram.sum);
  wire->ZigZag(4, histogram.schema);
  wire->Double(5, histogram.zero_threshold);
  wire->Double(7, histogram.zero_count);
  WriteSpans(8, histogram.negative_spans, wire);
  wire->PackedDoubles(10, histogram.negative_counts);
  WriteSpans(11, histogram.positive_spans, wire);
  wire->PackedDoubles(13, histogram.positive_counts);
  wire->Varint(14, static_cast<uint64_t>(histogram.reset_hint));
  wire->Varint(15, static_cast<uint64_t>(time_ms));
  wire->PackedDoubles(16, histogram.custom_bounds);
}

void WriteSeries(const storage::Labels& labels, const storage::SampleColumns& samples,
                 WireWriter* wire) {
  WriteLabels(labels, wire);
  for (size_t i = 0; i < samples.times_ms.size(); ++i) {
    wire->Message(2, [&] {
      wire->Double(1, samples.values[i]);
      wire->Varint(2, static_cast<uint64_t>(samples.times_ms[i]));
    });
  }
  for (size_t i = 0; i < samples.histograms.size(); ++i) {
    wire->Message(
        4, [&] { WriteHistogram(*samples.histograms[i], samples.histogram_times_ms[i], wire); });
  }
}

// The series of a query, sorted, with the labels that the answer gives them.
absl::StatusOr<std::vector<SeriesHandle>> SelectSeries(const ReadSource& source,
                                                       storage::MetricQuerier* querier,
                                                       const ReadQuery& query) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<SeriesHandle> handles,
                         querier->Select(query.matchers, query.range));
  if (source.external_labels.empty()) return handles;
  for (SeriesHandle& handle : handles) {
    storage::LabelsBuilder builder(handle.labels);
    for (const storage::LabelView& label : source.external_labels) {
      if (!handle.labels.Has(label.name)) builder.Set(label.name, label.value);
    }
    handle.labels = builder.Build();
  }
  std::sort(handles.begin(), handles.end(),
            [](const SeriesHandle& a, const SeriesHandle& b) { return a.labels < b.labels; });
  return handles;
}

std::unique_ptr<storage::MetricQuerier> NewQuerier(const ReadSource& source) {
  std::unique_ptr<storage::MetricQuerier> querier = source.storage->NewMetricQuerier(source.tenant);
  querier->LimitSelection(source.max_label_bytes);
  return querier;
}

// How many samples these count for: a histogram for one per number that it has.
int64_t Weight(const storage::SampleColumns& samples) {
  size_t weight = samples.values.size() + samples.histograms.size();
  for (const auto& histogram : samples.histograms) {
    weight += histogram->positive_counts.size() + histogram->negative_counts.size() +
              histogram->custom_bounds.size();
  }
  return static_cast<int64_t>(weight);
}

// Makes the frames of an answer, as many at a time as fill a piece.
class ChunkedAnswer {
 public:
  ChunkedAnswer(ReadSource source, ReadRequest request)
      : source_(std::move(source)), request_(std::move(request)) {
    source_.cancelled = nullptr;  // It is the handler's, who has returned.
  }

  // Finds the series of all queries: what fails here can still be told.
  absl::Status Begin() {
    querier_ = NewQuerier(source_);
    for (const ReadQuery& query : request_.queries) {
      VIGIL_ASSIGN_OR_RETURN(series_.emplace_back(), SelectSeries(source_, querier_.get(), query));
    }
    return absl::OkStatus();
  }

  bool Next(std::string* piece) {
    piece->clear();
    while (piece->size() < kPieceBytes) {
      if (query_ == series_.size()) return false;
      if (at_ == series_[query_].size()) {
        ++query_;
        at_ = 0;
        continue;
      }
      if (const absl::Status status = AddSeries(series_[query_][at_++], piece); !status.ok()) {
        Log(LogLevel::kError, "a remote read was cut short", {{"error", MessageOf(status)}});
        piece->push_back(kCutFrame);
        return false;
      }
    }
    return true;
  }

 private:
  absl::Status AddSeries(const SeriesHandle& handle, std::string* piece) {
    if (++series_read_ % kSeriesPerQuerier == 0) querier_ = NewQuerier(source_);
    VIGIL_RETURN_IF_ERROR(querier_->Read(handle.ref, request_.queries[query_].range, &samples_));
    const std::vector<Chunk> chunks = EncodeChunks(samples_);
    for (size_t begin = 0; begin < chunks.size();) {
      size_t end = begin;
      size_t bytes = handle.labels.packed().size();
      while (end < chunks.size() && (end == begin || bytes < kFrameBytes)) {
        bytes += chunks[end++].data.size();
      }
      AddFrame(handle.labels, {chunks.data() + begin, end - begin}, piece);
      begin = end;
    }
    return absl::OkStatus();
  }

  void AddFrame(const storage::Labels& labels, std::span<const Chunk> chunks, std::string* piece) {
    frame_.clear();
    WireWriter wire(&frame_);
    wire.Message(1, [&] {
      WriteLabels(labels, &wire);
      for (const Chunk& chunk : chunks) {
        wire.Message(2, [&] {
          wire.Varint(1, static_cast<uint64_t>(chunk.min_time_ms));
          wire.Varint(2, static_cast<uint64_t>(chunk.max_time_ms));
          wire.Varint(3, static_cast<uint64_t>(chunk.kind));
          wire.Bytes(4, chunk.data);
        });
      }
    });
    if (query_ > 0) wire.Varint(2, query_);
    AppendVarint(frame_.size(), piece);
    const uint32_t crc = Crc32c(frame_);
    for (const int shift : {24, 16, 8, 0}) piece->push_back(static_cast<char>(crc >> shift));
    *piece += frame_;
  }

  ReadSource source_;
  const ReadRequest request_;
  std::unique_ptr<storage::MetricQuerier> querier_;
  std::vector<std::vector<SeriesHandle>> series_;  // By query.
  size_t query_ = 0;
  size_t at_ = 0;
  size_t series_read_ = 0;
  storage::SampleColumns samples_;
  std::string frame_;
};

}  // namespace

absl::StatusOr<std::string> AnswerWithSamples(const ReadSource& source,
                                              const ReadRequest& request) {
  const std::unique_ptr<storage::MetricQuerier> querier = NewQuerier(source);
  std::string answer;
  WireWriter wire(&answer);
  storage::SampleColumns samples;
  int64_t held = 0;
  for (const ReadQuery& query : request.queries) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<SeriesHandle> handles,
                           SelectSeries(source, querier.get(), query));
    absl::Status status;
    wire.Message(1, [&] {
      for (const SeriesHandle& handle : handles) {
        if (source.cancelled != nullptr && source.cancelled->load()) {
          status = absl::CancelledError("the client is gone");
        }
        if (status.ok()) status = querier->Read(handle.ref, query.range, &samples);
        if (status.ok() && (held += Weight(samples)) > source.max_samples) {
          status = absl::ResourceExhaustedError(
              fmt::format("exceeded sample limit ({})", source.max_samples));
        }
        if (!status.ok()) return;
        if (samples.Empty()) continue;
        wire.Message(1, [&] { WriteSeries(handle.labels, samples, &wire); });
      }
    });
    VIGIL_RETURN_IF_ERROR(status);
  }
  return answer;
}

absl::StatusOr<BodyProducer> AnswerWithChunks(const ReadSource& source, ReadRequest request) {
  const auto answer = std::make_shared<ChunkedAnswer>(source, std::move(request));
  VIGIL_RETURN_IF_ERROR(answer->Begin());
  return BodyProducer([answer](std::string* piece) { return answer->Next(piece); });
}

}  // namespace vigil::server
