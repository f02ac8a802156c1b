// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/storage/disk/recorded.h"

#include <cmath>
#include <fstream>
#include <iostream>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "storage/model/sample.h"

namespace vigil::storage::benchmark {
namespace {

constexpr size_t kSeriesPerService = 500;
constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr int64_t kIntervalMs = 15'000;
constexpr int64_t kJitterMs = 400;

absl::StatusOr<RecordedSeries> ParseLine(const std::string& line) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded() || !object.contains("metric")) {
    return absl::InvalidArgumentError("not a series in JSON");
  }
  RecordedSeries series;
  std::vector<Label> labels;
  for (const auto& [name, value] : object["metric"].items()) {
    labels.push_back({name, value.get<std::string>()});
  }
  series.labels = Labels(std::move(labels));
  for (const auto& time : object["timestamps"]) series.times_ms.push_back(time.get<int64_t>());
  for (const auto& value : object["values"]) {
    series.values.push_back(value.is_null() ? StaleNan() : value.get<double>());
  }
  if (series.values.size() != series.times_ms.size()) {
    return absl::InvalidArgumentError("values and timestamps differ in number");
  }
  return series;
}

// Where a series begins, and where it goes from `value`: a counter of integers, one of seconds told
// to the millisecond, a gauge of two digits, one of bytes in pages.
double First(size_t kind, std::mt19937_64* random) {
  const auto any = static_cast<double>((*random)() % 100'000);
  return kind == 3 ? (any + 1e6) * 4096 : any + 1000;
}

double Next(size_t kind, double value, std::mt19937_64* random) {
  const auto draw = [random](uint64_t below) { return static_cast<double>((*random)() % below); };
  switch (kind) {
    case 0:
      return value + draw(200);
    case 1:
      return std::round((value + draw(15'000) / 1000) * 1000) / 1000;
    case 2:
      return std::round((value + draw(401) / 100 - 2) * 100) / 100;
    default:
      return value + (draw(201) - 100) * 4096;
  }
}

}  // namespace

absl::StatusOr<std::vector<RecordedSeries>> ReadSeries(const std::string& path) {
  std::ifstream file(path);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) return absl::NotFoundError(fmt::format("{} cannot be read", path));
  std::vector<RecordedSeries> all;
  for (std::string line; std::getline(in, line);) {
    VIGIL_ASSIGN_OR_RETURN_WITH(RecordedSeries series, ParseLine(line),
                                fmt::format("line {}", all.size() + 1));
    all.push_back(std::move(series));
  }
  return all;
}

std::vector<RecordedSeries> MakeFleet(size_t services, size_t scrapes) {
  std::mt19937_64 random(1);
  std::vector<RecordedSeries> all;
  for (size_t service = 0; service < services; ++service) {
    std::vector<int64_t> times_ms;
    for (size_t i = 0; i < scrapes; ++i) {
      times_ms.push_back(kStartMs + static_cast<int64_t>(service * 75 + random() % kJitterMs) +
                         static_cast<int64_t>(i) * kIntervalMs);
    }
    for (size_t k = 0; k < kSeriesPerService; ++k) {
      RecordedSeries series;
      series.labels = {{kMetricName, fmt::format("llm_metric_{}", k / 5)},
                       {"instance", fmt::format("10.1.{}.{}:9400", service / 250, service % 250)},
                       {"job", fmt::format("service-{}", service)},
                       {"model", fmt::format("model-{}", k % 5)}};
      series.times_ms = times_ms;
      double value = First(k % 4, &random);
      for (size_t i = 0; i < scrapes; ++i) {
        series.values.push_back(value = Next(k % 4, value, &random));
      }
      all.push_back(std::move(series));
    }
  }
  return all;
}

}  // namespace vigil::storage::benchmark
