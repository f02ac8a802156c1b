// SPDX-License-Identifier: Apache-2.0
#include <string_view>
#include <utility>

#include "benchmarks/load/encoder.h"
#include "benchmarks/load/wire_writer.h"

namespace vigil::load {
namespace {

constexpr uint64_t kNanosPerMilli = 1'000'000;
constexpr uint64_t kCumulative = 2;
constexpr std::string_view kTotal = "_total";

// A KeyValue with a string.
std::string KeyValue(std::string_view key, std::string_view text) {
  std::string value;
  AppendBytesField(1, text, &value);
  std::string pair;
  AppendBytesField(1, key, &pair);
  AppendBytesField(2, value, &pair);
  return pair;
}

// OpenTelemetry's name: receivers put "_total" behind those of counters.
std::string_view NameOf(const Instrument& instrument) {
  std::string_view name = instrument.name;
  if (instrument.kind == Kind::kCounter && name.ends_with(kTotal)) {
    name.remove_suffix(kTotal.size());
  }
  return name;
}

// The number of the oneof member that holds an instrument's points.
uint32_t DataField(Kind kind) { return kind == Kind::kGauge ? 5 : kind == Kind::kCounter ? 7 : 9; }

std::string Point(const Instrument& instrument, const Reading& reading, int64_t time_ms) {
  std::string point;
  AppendFixed64Field(2, 1, &point);
  AppendFixed64Field(3, static_cast<uint64_t>(time_ms) * kNanosPerMilli, &point);
  if (instrument.kind != Kind::kHistogram) {
    AppendDoubleField(4, reading.values[0], &point);
  } else {
    const size_t bounds = instrument.bounds.size();
    AppendFixed64Field(4, static_cast<uint64_t>(reading.values[bounds + 2]), &point);
    AppendDoubleField(5, reading.values[bounds + 1], &point);
    std::string counts;
    double below = 0;
    for (size_t i = 0; i <= bounds; ++i) {
      const auto count = static_cast<uint64_t>(reading.values[i] - below);
      counts.append(reinterpret_cast<const char*>(&count), sizeof(count));
      below = reading.values[i];
    }
    AppendBytesField(6, counts, &point);
    AppendBytesField(
        7, {reinterpret_cast<const char*>(instrument.bounds.data()), bounds * sizeof(double)},
        &point);
  }
  const uint32_t attributes = instrument.kind == Kind::kHistogram ? 9 : 7;
  for (const auto& [name, value] : instrument.labels) {
    AppendBytesField(attributes, KeyValue(name, value), &point);
  }
  return point;
}

std::string Metric(const Instrument& instrument, std::string data) {
  if (instrument.kind != Kind::kGauge) AppendVarintField(2, kCumulative, &data);
  if (instrument.kind == Kind::kCounter) AppendVarintField(3, 1, &data);
  std::string metric;
  AppendBytesField(1, NameOf(instrument), &metric);
  AppendBytesField(DataField(instrument.kind), data, &metric);
  return metric;
}

class OtlpEncoder final : public Encoder {
 public:
  void Add(const DataSet& data, const Scrape& scrape) override {
    std::string scope;
    std::string points;
    for (size_t i = 0; i < scrape.count; ++i) {
      const Reading& reading = scrape.readings[i];
      const Instrument& instrument = data.instruments()[reading.instrument];
      AppendBytesField(1, Point(instrument, reading, scrape.time_ms), &points);
      // Neighbours of one name are points of one metric.
      const Instrument* const next =
          i + 1 < scrape.count ? &data.instruments()[scrape.readings[i + 1].instrument] : nullptr;
      if (next != nullptr && next->name == instrument.name && next->kind == instrument.kind) {
        continue;
      }
      AppendBytesField(2, Metric(instrument, std::exchange(points, "")), &scope);
    }
    const Target& target = data.targets()[scrape.target];
    std::string resource;
    AppendBytesField(1, KeyValue("service.name", target.job), &resource);
    AppendBytesField(1, KeyValue("service.instance.id", target.instance), &resource);
    std::string resource_metrics;
    AppendBytesField(1, resource, &resource_metrics);
    AppendBytesField(2, scope, &resource_metrics);
    AppendBytesField(1, resource_metrics, &request_);
  }

  std::string Take() override { return std::exchange(request_, ""); }

 private:
  std::string request_;
};

}  // namespace

std::unique_ptr<Encoder> MakeOtlpEncoder() { return std::make_unique<OtlpEncoder>(); }

}  // namespace vigil::load
