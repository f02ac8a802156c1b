// SPDX-License-Identifier: Apache-2.0
//
// Remote read of a store: both forms of answers, read as another program would.
#include "server/api/remote_read.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/remote_read.pb.h>
#include <snappy.h>

#include "server/remote_read/read_answer.h"
#include "tests/collector/remote_write/write_text.h"
#include "tests/server/api/api_harness.h"
#include "tests/server/remote_read/chunk_reader.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using collector::testing::BytesOf;
using collector::testing::Compress;
using testing::ApiHarness;
using testing::BodyOf;
using ::testing::HasSubstr;
using testing::kStartMs;
using vigil::testing::StatusIs;

std::string LabelsText(const auto& labels) {
  std::string text;
  for (const auto& label : labels) text += fmt::format("{}={} ", label.name(), label.value());
  return text;
}

class RemoteReadTest : public ::testing::Test {
 protected:
  RemoteReadTest() {
    harness_.Add("up{job=\"a\"}", -10, 1);
    harness_.Add("up{job=\"a\"}", -5, 2.5);
    harness_.Add("up{job=\"b\"}", -5, storage::StaleNan());
    harness_.Add("down", -5, 7);
    storage::Histogram histogram;
    histogram.schema = 1;
    histogram.count = 3;
    histogram.sum = 4.5;
    histogram.zero_threshold = 0.25;
    histogram.zero_count = 1;
    histogram.positive_spans = {{2, 1}};
    histogram.positive_counts = {2};
    histogram.reset_hint = storage::CounterResetHint::kGauge;
    harness_.AddHistogram("h", -5, histogram);
  }

  absl::StatusOr<HttpResponse> Read(const std::string& text) {
    HttpRequest request;
    request.method = "POST";
    request.body = Compress(BytesOf<prometheus::ReadRequest>(text));
    return RemoteRead(harness_.parts(), request);
  }

  // Labels, then times and values after kStartMs, a line a series and "--" behind each query.
  std::string Samples(const std::string& text) {
    const absl::StatusOr<HttpResponse> response = Read(text);
    if (!response.ok()) return response.status().ToString();
    EXPECT_EQ(response->content_type, "application/x-protobuf");
    std::string bytes;
    EXPECT_TRUE(snappy::Uncompress(response->body.data(), response->body.size(), &bytes));
    prometheus::ReadResponse answer;
    EXPECT_TRUE(answer.ParseFromString(bytes));
    std::string shown;
    for (const auto& result : answer.results()) {
      for (const auto& series : result.timeseries()) {
        shown += LabelsText(series.labels());
        for (const auto& sample : series.samples()) {
          shown += fmt::format("{}:{} ", sample.timestamp() - kStartMs, sample.value());
        }
        for (const auto& histogram : series.histograms()) {
          shown +=
              fmt::format("{}:{}", histogram.timestamp() - kStartMs, histogram.ShortDebugString());
        }
        shown += "\n";
      }
      shown += "--\n";
    }
    return shown;
  }

  // The same of the streamed form, with the number of the query in front.
  std::string Chunks(const std::string& text) {
    absl::StatusOr<HttpResponse> response = Read(text);
    if (!response.ok()) return response.status().ToString();
    EXPECT_EQ(response->content_type, kChunkedContentType);
    const std::string body = BodyOf(*std::move(response));
    std::string shown;
    size_t at = 0;
    while (at < body.size()) {
      size_t size = 0;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(body.at(at++));
        size |= static_cast<size_t>(byte & 0x7F) << shift;
        if (byte < 0x80) break;
      }
      at += 4;  // Checked against a real reader.
      prometheus::ChunkedReadResponse frame;
      EXPECT_TRUE(frame.ParseFromString(body.substr(at, size)));
      at += size;
      EXPECT_EQ(frame.chunked_series_size(), 1);
      const auto& series = frame.chunked_series(0);
      shown += fmt::format("{} {}", frame.query_index(), LabelsText(series.labels()));
      for (const auto& chunk : series.chunks()) shown += ChunkText(chunk);
      shown += "\n";
    }
    return shown;
  }

  static std::string ChunkText(const prometheus::Chunk& chunk) {
    storage::SampleColumns samples;
    testing::ChunkReader reader(chunk.data());
    if (chunk.type() == prometheus::Chunk::XOR) {
      reader.ReadFloats(&samples);
    } else {
      reader.ReadHistograms(&samples);
    }
    std::string text;
    for (size_t i = 0; i < samples.values.size(); ++i) {
      text += fmt::format("{}:{} ", samples.times_ms[i] - kStartMs, samples.values[i]);
    }
    for (size_t i = 0; i < samples.histograms.size(); ++i) {
      text += fmt::format("{}:count {}", samples.histogram_times_ms[i] - kStartMs,
                          samples.histograms[i]->count);
    }
    return text;
  }

  static std::string Query(const char* matcher, int64_t start = 0, int64_t end = 20'000) {
    return fmt::format(
        "queries {{ start_timestamp_ms: {} end_timestamp_ms: {} matchers {{ {} }} }}",
        kStartMs - 20'000 + start, kStartMs - 20'000 + end, matcher);
  }

  ApiHarness harness_;
};

constexpr const char* kUp = R"(name: "__name__" value: "up")";
constexpr const char* kDown = R"(name: "__name__" value: "down")";
constexpr const char* kHistogram = R"(name: "__name__" value: "h")";
constexpr const char* kStreamed = "accepted_response_types: [STREAMED_XOR_CHUNKS, SAMPLES]";

TEST_F(RemoteReadTest, Samples) {
  EXPECT_EQ(Samples(Query(kUp) + Query(kDown)),
            "__name__=up job=a -10000:1 -5000:2.5 \n"
            "__name__=up job=b -5000:nan \n--\n"
            "__name__=down -5000:7 \n--\n");
  EXPECT_EQ(Samples(Query(kUp, 0, 10'000)), "__name__=up job=a -10000:1 \n--\n")
      << "both ends are in";
  EXPECT_EQ(Samples(Query(kUp, 10'001, 14'999)), "--\n");
  EXPECT_EQ(Samples(Query(kHistogram)),
            "__name__=h -5000:count_float: 3 sum: 4.5 schema: 1 zero_threshold: 0.25 "
            "zero_count_float: 1 positive_spans { offset: 2 length: 1 } positive_counts: 2 "
            "reset_hint: GAUGE timestamp: 1767323040000\n--\n");
}

TEST_F(RemoteReadTest, Chunks) {
  EXPECT_EQ(Chunks(Query(kUp) + Query(kDown) + Query(kHistogram) + kStreamed),
            "0 __name__=up job=a -10000:1 -5000:2.5 \n"
            "0 __name__=up job=b -5000:nan \n"
            "1 __name__=down -5000:7 \n"
            "2 __name__=h -5000:count 3\n");
  EXPECT_EQ(Chunks(std::string(kStreamed) + Query(kUp, 10'001, 14'999)), "");
}

TEST_F(RemoteReadTest, ExternalLabelsAreAdded) {
  harness_.parts().options.external_labels = {{"dc", "x"}, {"job", "other"}};
  const std::string query =
      Query(R"(name: "__name__" value: "up" } matchers { name: "dc" value: "x")");
  EXPECT_EQ(Samples(query),
            "__name__=up dc=x job=a -10000:1 -5000:2.5 \n"
            "__name__=up dc=x job=b -5000:nan \n--\n");
  EXPECT_THAT(Chunks(query + kStreamed), HasSubstr("0 __name__=up dc=x job=a "));
}

TEST_F(RemoteReadTest, TooManySamplesAndWhatIsNoRequest) {
  ApiHarness small({.max_samples = 50});
  for (int i = 0; i < 51; ++i) small.Add("up", -5 - 0.1 * i, 1);
  HttpRequest request;
  request.body = Compress(BytesOf<prometheus::ReadRequest>(Query(kUp)));
  EXPECT_THAT(
      RemoteRead(small.parts(), request),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("exceeded sample limit (50)")));
  request.body = "x";
  EXPECT_THAT(RemoteRead(small.parts(), request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RemoteReadTest, LongSeriesAreSentInPieces) {
  for (int i = 0; i < 500; ++i) harness_.Add("many", -1000 - i, i * 0.1);
  const std::string text = Chunks(
      fmt::format("queries {{ end_timestamp_ms: {} matchers {{ name: \"__name__\" value: \"many\" "
                  "}} }} {}",
                  kStartMs, kStreamed));
  EXPECT_THAT(text, HasSubstr("-1499000:49.9"));
  EXPECT_THAT(text, HasSubstr("-1000000:0 "));
}

}  // namespace
}  // namespace vigil::server
