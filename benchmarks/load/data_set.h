// SPDX-License-Identifier: Apache-2.0
//
// What is fed to the systems that are compared: series of targets, and scrapes of them in order of
// time. The same options give the same samples, whichever protocol carries them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

namespace vigil::load {

enum class Kind { kCounter, kGauge, kHistogram };

// A counter or gauge is one series. A histogram has one for each bound, then +Inf, sum and count.
struct Instrument {
  Kind kind = Kind::kGauge;
  std::string name;  // As Prometheus names it, without a histogram's "_bucket".
  std::vector<std::pair<std::string, std::string>> labels;  // Without job and instance.
  std::vector<double> bounds;
};

size_t SeriesOf(const Instrument& instrument);

struct Target {
  std::string job;
  std::string instance;
};

// Values of an instrument at the instant of its scrape, one for each series.
struct Reading {
  uint32_t instrument = 0;  // Index into instruments().
  std::vector<double> values;
};

struct Scrape {
  uint32_t target = 0;
  int64_t time_ms = 0;
  std::vector<Reading> readings;  // Reused: only the first `count` are of this scrape.
  size_t count = 0;
};

// Not thread-safe.
class DataSet {
 public:
  virtual ~DataSet() = default;
  virtual const std::vector<Target>& targets() const = 0;
  // Grows while scrapes are taken, as series are replaced.
  virtual const std::vector<Instrument>& instruments() const = 0;
  // The next scrape; false at the end.
  virtual bool Next(Scrape* scrape) = 0;
};

struct FleetOptions {
  uint32_t services = 200;
  uint32_t series_per_service = 500;
  uint32_t rounds = 100;
  int64_t interval_ms = 15'000;
  int64_t end_ms = 0;  // Of the last round, about.
  // The share of instruments that is replaced by new ones in an hour of the data's time.
  double churn_per_hour = 0.01;
  // All instruments of a service are replaced at once, as where a new version is rolled out; else
  // one here, one there.
  bool churn_by_service = false;
};

// Services of an LLM application, each scraped at its own offset in the interval, some milliseconds
// late or early.
std::unique_ptr<DataSet> MakeFleet(const FleetOptions& options);

// A recording, one JSON object a line: {"metric":{...},"values":[...],"timestamps":[ms...]}. Moved
// in time so that its end is at `end_ms`; `copies` of it with a label `copy` when more than one.
absl::StatusOr<std::unique_ptr<DataSet>> ReadRecording(const std::string& path, int64_t end_ms,
                                                       int copies);

}  // namespace vigil::load
