// SPDX-License-Identifier: Apache-2.0
//
// Fuzz entry point: any bytes as a protobuf exposition. What is taken makes sense.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "collector/exposition/bucket_limit.h"
#include "collector/exposition/protobuf_reader.h"
#include "tests/collector/exposition/read_all.h"
#include "tests/testing/fuzz.h"

namespace vigil::collector {
namespace {

size_t BucketsIn(const std::vector<storage::BucketSpan>& spans) {
  size_t buckets = 0;
  for (const storage::BucketSpan& span : spans) buckets += span.length;
  return buckets;
}

void CheckHistogram(storage::Histogram histogram) {
  VIGIL_CHECK(BucketsIn(histogram.positive_spans) == histogram.positive_counts.size());
  VIGIL_CHECK(BucketsIn(histogram.negative_spans) == histogram.negative_counts.size());
  if (!LimitBuckets(3, &histogram)) {
    VIGIL_CHECK(histogram.schema == storage::kMinExponentialSchema);
  }
  VIGIL_CHECK(BucketsIn(histogram.positive_spans) == histogram.positive_counts.size());
  VIGIL_CHECK(BucketsIn(histogram.negative_spans) == histogram.negative_counts.size());
}

void Check(std::string_view bytes, const ExpositionOptions& options) {
  const auto exposition = testing::ReadAll(MakeProtobufReader(bytes, options).get());
  if (!exposition.ok()) return;
  for (const auto& [key, labels, sample] : exposition->samples) {
    VIGIL_CHECK(sample.family < exposition->families.size());
    VIGIL_CHECK(labels.front().name == storage::kMetricName);
    for (const storage::Label& label : labels) {
      VIGIL_CHECK(!label.name.empty() && IsValidUtf8(label.name) && IsValidUtf8(label.value));
    }
    if (sample.histogram != nullptr) CheckHistogram(*sample.histogram);
  }
}

}  // namespace
}  // namespace vigil::collector

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  vigil::collector::Check(bytes, {});
  vigil::collector::Check(bytes, {.always_classic_histograms = true});
  return 0;
}

std::vector<std::string> vigil::testing::FuzzSeeds() {
  using namespace std::string_literals;
  return {
      // A gauge, a counter with an exemplar.
      "\x12\x0a\x01\x61\x18\x01\x22\x0b\x12\x09\x09\0\0\0\0\0\0\xf0\x3f"s,
      "\x1c\x0a\x01\x63\x18\0\x22\x15\x0a\x06\x0a\x01\x78\x12\x01\x79\x1a\x0b\x12\x09\x11\0\0\0\0\0\0\xf0\x3f"s,
      // A native histogram with one bucket on each side.
      "\x1e\x0a\x01\x68\x18\x04\x22\x17\x3a\x15\x08\x02\x28\x06\x62\x04\x08\x02\x10\x01\x68\x02\x4a\x04\x08\x02\x10\x01\x50\x02"s,
  };
}
