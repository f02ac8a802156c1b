// SPDX-License-Identifier: Apache-2.0
//
// Fuzz entry point: any bytes as a write. The walk over wire bytes must take what libprotobuf
// takes, refuse what it refuses, and see as many samples.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "collector/remote_write/write_walk.h"
#include "tests/collector/remote_write/write_text.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigil;
  static auto& harness = *new storage::testing::StorageHarness(1);
  static auto& cache = *new collector::MetricCache(1000);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  storage::MetricBatch batch;
  collector::WriteWalk walk(&harness.storage(), storage::kDefaultTenant, &cache, 1, &batch);
  const absl::Status status = walk.Walk(bytes);
  prometheus::WriteRequest request;
  const bool taken = request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  VIGIL_CHECK(status.ok() == taken);
  if (!taken) return 0;
  int64_t samples = 0;
  for (const auto& series : request.timeseries()) {
    samples += series.samples_size() + series.histograms_size();
  }
  VIGIL_CHECK(walk.samples() == samples);
  VIGIL_CHECK(static_cast<int64_t>(batch.size()) + walk.rejections().count() == samples);
  return 0;
}

std::vector<std::string> vigil::testing::FuzzSeeds() {
  using collector::testing::BytesOf;
  return {
      BytesOf(
          R"(timeseries { labels { name: "__name__" value: "up" } labels { name: "a" value: "b" }
          samples { value: 1 timestamp: @1 } samples { value: 2 timestamp: @2 } })"),
      BytesOf(R"(timeseries { labels { name: "__name__" value: "up" } samples { timestamp: @1 }
          exemplars { labels { name: "t" value: "1" } value: 1 timestamp: @1 } }
          timeseries { labels { name: "b" value: "up" } samples { timestamp: @1 } })"),
      BytesOf(R"(timeseries { labels { name: "__name__" value: "h" }
          histograms { count_int: 6 sum: 5 schema: 1 zero_count_int: 1 timestamp: @3
            positive_spans { offset: -1 length: 2 } positive_deltas: [2, 1] } })"),
      BytesOf(R"(timeseries { labels { name: "__name__" value: "h" }
          histograms { count_float: 6 sum: 5 schema: -53 custom_values: [1, 2] timestamp: @3
            positive_spans { length: 2 } positive_counts: [2, 1] } })"),
      BytesOf(R"(metadata { type: COUNTER metric_family_name: "m" help: "h" unit: "u" })"),
  };
}
