// SPDX-License-Identifier: Apache-2.0
//
// Fuzz entry point: any bytes as a metrics request. The walk over wire bytes must take what
// libprotobuf takes, refuse what it refuses, and see as many data points. Groups are left out of
// the comparison (see wire.h).
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h>

#include "base/status.h"
#include "collector/otlp/metrics_walk.h"
#include "tests/collector/otlp/metrics_outline.pb.h"
#include "tests/collector/otlp/text_proto.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/fuzz.h"

namespace vigil::collector {
namespace {

using Request = opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;

int64_t CountPoints(const vigil::testing::MetricsOutline& request) {
  int64_t points = 0;
  for (const auto& resource : request.resource_metrics()) {
    for (const auto& scope : resource.scope_metrics()) {
      for (const auto& metric : scope.metrics()) {
        points += metric.gauge().data_points_size() + metric.sum().data_points_size() +
                  metric.histogram().data_points_size() +
                  metric.exponential_histogram().data_points_size() +
                  metric.summary().data_points_size();
      }
    }
  }
  return points;
}

// Pieces of up to 15 bytes, some of them empty, as the bytes themselves say; every fourth request
// is in one.
std::vector<std::string> Cut(std::string_view bytes) {
  if (bytes.size() % 4 == 0) return {std::string(bytes)};
  std::vector<std::string> pieces;
  size_t at = 0;
  while (at < bytes.size()) {
    pieces.emplace_back(bytes.substr(at, static_cast<uint8_t>(bytes[at]) & 0xF));
    if (pieces.back().empty()) pieces.emplace_back(bytes.substr(at, 1));
    at += pieces.back().size();
  }
  return pieces;
}

void Compare(std::string_view bytes) {
  static auto& harness = *new storage::testing::StorageHarness(1);
  // Every other request by options that have the walk look into scopes and make native histograms.
  static const OtlpOptions plain;
  static const OtlpOptions other = {.promote_scope_metadata = true,
                                    .convert_histograms_to_nhcb = true};
  const OtlpOptions& options = bytes.size() % 2 == 0 ? plain : other;
  static auto& plain_cache = *new MetricCache(1000);
  static auto& other_cache = *new MetricCache(1000);
  MetricCache& cache = bytes.size() % 2 == 0 ? plain_cache : other_cache;
  static auto& batch = *new storage::MetricBatch;
  MetricsWalk walk(&harness.storage(), storage::kDefaultTenant, &options, &cache, 1, &batch);
  const std::vector<std::string> pieces = Cut(bytes);
  const std::vector<std::string_view> views(pieces.begin(), pieces.end());
  JoinedBytes joined;
  const absl::Status status = walk.Walk(views, &joined);
  vigil::testing::MetricsOutline outline;
  const bool taken = outline.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  VIGIL_CHECK(status.ok() == taken);
  if (!status.ok()) return;
  VIGIL_CHECK(walk.points() == CountPoints(outline));
}

}  // namespace
}  // namespace vigil::collector

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vigil::collector::Compare({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace vigil::collector {
namespace {

// A field of bytes, with its tag and its length as varints of at least so many bytes.
std::string Field(uint32_t number, std::string_view bytes, int tag_bytes = 1, int size_bytes = 1) {
  const auto varint = [](uint64_t value, int min_bytes) {
    std::string text;
    for (int i = 1; value > 0x7F || i < min_bytes; ++i, value >>= 7) {
      text += static_cast<char>(value | 0x80);
    }
    return text + static_cast<char>(value);
  };
  return varint(number << 3 | 2, tag_bytes) + varint(bytes.size(), size_bytes) + std::string(bytes);
}

// What no sender writes and every reader of protobuf has an answer to.
std::vector<std::string> OddSeeds() {
  const std::string point = std::string("\x19\x05\0\0\0\0\0\0\0", 9);  // Time 5 ns.
  const std::string gauge = Field(5, Field(1, point));
  const std::string summary = Field(11, Field(1, point) + Field(1, point));
  const std::string broken = Field(7, Field(1, "\x19"));
  const auto request = [](const std::string& metric) {
    return Field(1, Field(2, Field(2, Field(1, "name") + metric)));
  };
  std::vector<std::string> seeds = {
      request(gauge + gauge),                        // One message in two pieces.
      request(gauge + summary),                      // Another member of the oneof.
      request(gauge + summary + gauge),              //
      request(broken + gauge),                       // Broken where it is replaced.
      request(gauge + Field(8, "")),                 //
      request(Field(5, "") + Field(5, "\x0b\x0c")),  // A group, empty.
  };
  for (int bytes = 2; bytes <= 11; ++bytes) {
    seeds.push_back(Field(1, Field(2, Field(2, gauge, bytes)), bytes));
    seeds.push_back(Field(1, Field(2, Field(2, gauge, 1, bytes)), 1, bytes));
    seeds.push_back(request(Field(5, Field(1, point, bytes, bytes))));
    // The flags of a point, as a varint of that length.
    seeds.push_back(request(Field(5, Field(1, "\x40" + std::string(bytes - 1, '\x81') + '\x01'))));
  }
  return seeds;
}

}  // namespace
}  // namespace vigil::collector

std::vector<std::string> vigil::testing::FuzzSeeds() {
  const auto request = [](const std::string& metrics) {
    const std::string text = collector::testing::WithInstants(
        "resource_metrics { resource { attributes { key: \"service.name\" value { string_value: "
        "\"shop\" } } } scope_metrics { scope { name: \"lib\" } " +
            metrics + " } }",
        1);
    return collector::testing::FromText<collector::Request>(text).SerializeAsString();
  };
  std::vector<std::string> seeds = {
      request(R"(metrics { name: "g" unit: "s" description: "d" gauge { data_points {
          time_unix_nano: @1 as_int: 1 attributes { key: "a" value { string_value: "b" } } } } })"),
      request(R"(metrics { name: "c" sum { aggregation_temporality: 2 is_monotonic: true
          data_points { time_unix_nano: @1 as_double: 1 flags: 1 exemplars { as_int: 1 } }
          data_points { time_unix_nano: @2 } } })"),
      request(R"(metrics { name: "d" sum { aggregation_temporality: 1
          data_points { time_unix_nano: @1 as_int: 1 } } })"),
      request(R"(metrics { name: "x" sum { aggregation_temporality: 2 data_points {
          time_unix_nano: @1 as_int: 1 exemplars { time_unix_nano: @1 as_double: 2 span_id: "12345678"
          trace_id: "1234567890123456" filtered_attributes { key: "a" value { int_value: 1 } } } } } })"),
      request(R"(metrics { name: "y" histogram { aggregation_temporality: 2 data_points {
          time_unix_nano: @1 count: 1 sum: 2 explicit_bounds: 1 bucket_counts: [0, 1]
          exemplars { as_int: 2 } exemplars { as_double: nan } exemplars { } } } })"),
      request(
          R"(metrics { name: "z" exponential_histogram { aggregation_temporality: 2 data_points {
          time_unix_nano: @1 count: 1 exemplars { as_int: 2 } } } })"),
      request(R"(metrics { name: "h" histogram { aggregation_temporality: 2 data_points {
          time_unix_nano: @1 count: 3 sum: 2 explicit_bounds: [1, 2] bucket_counts: [1, 1, 1] } } })"),
      request(R"(metrics { name: "e" exponential_histogram { aggregation_temporality: 2
          data_points { time_unix_nano: @1 count: 2 scale: 3 positive { offset: -1
          bucket_counts: [1, 300] } negative { bucket_counts: 1 } zero_threshold: 1 } } })"),
      request(R"(metrics { name: "s" summary { data_points { time_unix_nano: @1 count: 2 sum: 2
          quantile_values { quantile: 0.5 value: 1 } quantile_values { quantile: 1 } } } })"),
  };
  for (std::string& odd : collector::OddSeeds()) seeds.push_back(std::move(odd));
  return seeds;
}
