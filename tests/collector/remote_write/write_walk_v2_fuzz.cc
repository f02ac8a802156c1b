// SPDX-License-Identifier: Apache-2.0
//
// Fuzz entry point: any bytes as a write of version 2.0. The walk over wire bytes must take what
// libprotobuf takes (but for symbols that do not begin with an empty one), refuse what it refuses,
// and see as many samples.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/write_v2.pb.h>

#include "base/status.h"
#include "collector/remote_write/write_walk_v2.h"
#include "tests/collector/remote_write/write_text.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/fuzz.h"

using Request = io::prometheus::write::v2::Request;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigil;
  static auto& harness = *new storage::testing::StorageHarness(1);
  static auto& cache = *new collector::MetricCache(1000);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  storage::MetricBatch batch;
  collector::WriteWalkV2 walk(&harness.storage(), storage::kDefaultTenant, &cache, 1, &batch);
  const absl::Status status = walk.Walk(bytes);
  Request request;
  const bool taken = request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
                     (request.symbols().empty() || request.symbols(0).empty());
  VIGIL_CHECK(status.ok() == taken);
  if (!taken) return 0;
  int64_t samples = 0;
  for (const auto& series : request.timeseries()) {
    samples += series.samples_size() + series.histograms_size();
  }
  VIGIL_CHECK(walk.samples() == samples);
  // Of a series with nothing to refuse but itself, one is counted.
  const int64_t accounted = static_cast<int64_t>(batch.size()) + walk.rejections().count();
  VIGIL_CHECK(accounted >= samples && accounted <= samples + request.timeseries_size());
  return 0;
}

std::vector<std::string> vigil::testing::FuzzSeeds() {
  using collector::testing::BytesOf;
  return {
      BytesOf<Request>(R"(symbols: ["", "__name__", "up", "a", "b"]
          timeseries { labels_refs: [1, 2, 3, 4] samples { value: 1 timestamp: @1 }
            samples { value: 2 timestamp: @2 start_timestamp: @1 } })"),
      BytesOf<Request>(R"(symbols: ["", "__name__", "up", "job", "t", "unit"]
          timeseries { labels_refs: [1, 2, 3, 4] samples { timestamp: @1 }
            exemplars { labels_refs: [3, 4] value: 1 timestamp: @1 }
            metadata { type: METRIC_TYPE_COUNTER help_ref: 2 unit_ref: 5 } }
          timeseries { labels_refs: [3, 2] samples { timestamp: @1 } })"),
      BytesOf<Request>(R"(symbols: ["", "__name__", "h"]
          timeseries { labels_refs: [1, 2]
            histograms { count_int: 6 sum: 5 schema: 1 zero_count_int: 1 timestamp: @3
              positive_spans { offset: -1 length: 2 } positive_deltas: [2, 1] } })"),
      BytesOf<Request>(R"(symbols: ["", "__name__", "h"]
          timeseries { labels_refs: [1, 2]
            histograms { count_float: 6 sum: 5 schema: -53 custom_values: [1, 2] timestamp: @3
              positive_spans { length: 2 } positive_counts: [2, 1] start_timestamp: @1 } })"),
  };
}
