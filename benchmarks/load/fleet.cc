// SPDX-License-Identifier: Apache-2.0
//
// The data set of an LLM fleet: names and labels as such services have them, counters that grow by
// random steps, gauges that wander, histograms of random observations.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "benchmarks/load/data_set.h"

namespace vigil::load {
namespace {

constexpr int64_t kHourMs = 3'600'000;
// A scrape begins up to this late.
constexpr uint64_t kMaxJitterMs = 25;
constexpr uint64_t kMillion = 1'000'000;

constexpr const char* kModels[] = {"gpt-4o",           "gpt-4o-mini",   "claude-3-5-sonnet",
                                   "claude-3-5-haiku", "llama-3.1-70b", "mistral-large-2407"};
constexpr const char* kProviders[] = {"openai",    "openai", "anthropic",
                                      "anthropic", "vllm",   "mistral"};
constexpr const char* kOperations[] = {"chat", "embeddings", "rerank", "tool_call"};
constexpr const char* kRegions[] = {"eu-central-1", "eu-west-1", "us-east-1", "us-west-2"};

// What a service has of each model and operation, in this order until it has enough series.
struct Shape {
  Kind kind;
  const char* name;
  const char* label;  // One more label, nullptr for none.
  const char* value;
};
constexpr Shape kShapes[] = {
    {Kind::kCounter, "llm_requests_total", "status", "ok"},
    {Kind::kCounter, "llm_requests_total", "status", "error"},
    {Kind::kCounter, "llm_tokens_total", "direction", "input"},
    {Kind::kCounter, "llm_tokens_total", "direction", "output"},
    {Kind::kCounter, "llm_tokens_total", "direction", "cached"},
    {Kind::kCounter, "llm_cost_dollars_total", nullptr, nullptr},
    {Kind::kCounter, "llm_retries_total", "reason", "rate_limited"},
    {Kind::kCounter, "llm_retries_total", "reason", "timeout"},
    {Kind::kGauge, "llm_requests_in_flight", nullptr, nullptr},
    {Kind::kGauge, "llm_queue_depth", nullptr, nullptr},
    {Kind::kGauge, "llm_kv_cache_usage_ratio", nullptr, nullptr},
    {Kind::kGauge, "llm_batch_size", nullptr, nullptr},
    {Kind::kHistogram, "llm_request_duration_seconds", nullptr, nullptr},
    {Kind::kHistogram, "llm_time_to_first_token_seconds", nullptr, nullptr},
};

// splitmix64: fast, and the same everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t limit) { return Next() % limit; }

 private:
  uint64_t state_;
};

class Fleet final : public DataSet {
 public:
  explicit Fleet(const FleetOptions& options) : options_(options), random_(1) {
    for (uint32_t i = 0; i < options_.services; ++i) AddService(i);
    start_ms_ = options_.end_ms - options_.rounds * options_.interval_ms;
  }

  const std::vector<Target>& targets() const override { return targets_; }
  const std::vector<Instrument>& instruments() const override { return instruments_; }

  bool Next(Scrape* scrape) override {
    if (round_ == options_.rounds) return false;
    scrape->target = service_;
    const int64_t offset_ms = options_.interval_ms * service_ / options_.services;
    scrape->time_ms = start_ms_ + round_ * options_.interval_ms + offset_ms +
                      static_cast<int64_t>(random_.Below(kMaxJitterMs));
    std::vector<uint32_t>& members = members_[service_];
    Replace(&members);
    scrape->count = members.size();
    if (scrape->readings.size() < members.size()) scrape->readings.resize(members.size());
    for (size_t i = 0; i < members.size(); ++i) {
      Advance(members[i]);
      scrape->readings[i].instrument = members[i];
      scrape->readings[i].values = states_[members[i]];
    }
    if (++service_ == options_.services) {
      service_ = 0;
      ++round_;
    }
    return true;
  }

 private:
  void AddService(uint32_t number) {
    targets_.push_back({fmt::format("llm-service-{:03}", number),
                        fmt::format("10.{}.{}.{}:9090", 16 + number / 62500, number / 250 % 250,
                                    number % 250 + 1)});
    std::vector<uint32_t>& members = members_.emplace_back();
    uint32_t series = 0;
    for (uint32_t i = 0; series < options_.series_per_service; ++i) {
      const Shape& shape = kShapes[i % std::size(kShapes)];
      Instrument instrument = Make(number, i / std::size(kShapes), shape);
      // The rest is filled with gauges.
      if (series + SeriesOf(instrument) > options_.series_per_service) {
        instrument = Make(number, i, {Kind::kGauge, "llm_worker_memory_bytes", "worker", "0"});
      }
      series += static_cast<uint32_t>(SeriesOf(instrument));
      members.push_back(Add(std::move(instrument)));
    }
  }

  static Instrument Make(uint32_t service, uint32_t variant, const Shape& shape) {
    Instrument instrument;
    instrument.kind = shape.kind;
    instrument.name = shape.name;
    const uint32_t model = variant % std::size(kModels);
    const uint32_t operation = variant / std::size(kModels) % std::size(kOperations);
    const uint32_t route = variant / std::size(kModels) / std::size(kOperations);
    instrument.labels = {{"model", kModels[model]},
                         {"provider", kProviders[model]},
                         {"operation", kOperations[operation]},
                         {"region", kRegions[service % std::size(kRegions)]},
                         {"route", fmt::format("/v1/route-{}", route)}};
    if (shape.label != nullptr) instrument.labels.push_back({shape.label, shape.value});
    std::sort(instrument.labels.begin(), instrument.labels.end());
    if (shape.kind == Kind::kHistogram) {
      instrument.bounds = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120};
    }
    return instrument;
  }

  uint32_t Add(Instrument instrument) {
    states_.emplace_back(SeriesOf(instrument), 0);
    if (instrument.kind == Kind::kGauge) states_.back()[0] = random_.Below(1000);
    instruments_.push_back(std::move(instrument));
    return static_cast<uint32_t>(instruments_.size() - 1);
  }

  // Now and then an instrument, or all of a service, end and those of a new pod begin.
  void Replace(std::vector<uint32_t>* members) {
    const double share =
        options_.churn_per_hour * static_cast<double>(options_.interval_ms) / kHourMs;
    if (options_.churn_by_service) {
      if (static_cast<double>(random_.Below(kMillion)) >= share * kMillion) return;
      const std::string pod = NewPod();
      for (uint32_t& member : *members) MoveTo(pod, &member);
      return;
    }
    due_ += static_cast<double>(members->size()) * share;
    for (; due_ >= 1; due_ -= 1) {
      uint32_t& member = (*members)[random_.Below(members->size())];
      MoveTo(NewPod(), &member);
    }
  }

  std::string NewPod() { return fmt::format("worker-{:08x}", random_.Next() & 0xFFFFFFFF); }

  // Replaces an instrument by one of that pod, which begins from zero.
  void MoveTo(const std::string& pod, uint32_t* member) {
    Instrument fresh = instruments_[*member];
    std::erase_if(fresh.labels, [](const auto& label) { return label.first == "pod"; });
    fresh.labels.push_back({"pod", pod});
    std::sort(fresh.labels.begin(), fresh.labels.end());
    states_[*member].clear();
    states_[*member].shrink_to_fit();
    *member = Add(std::move(fresh));
  }

  void Advance(uint32_t number) {
    const Instrument& instrument = instruments_[number];
    std::vector<double>& state = states_[number];
    switch (instrument.kind) {
      case Kind::kCounter:
        // Money has fractions, the other things are counted.
        state[0] = instrument.name == "llm_cost_dollars_total"
                       ? Round(state[0] + static_cast<double>(random_.Below(5000)) * 1e-4, 1e4)
                       : state[0] + static_cast<double>(random_.Below(1000));
        return;
      case Kind::kGauge:
        state[0] = std::max(
            0.0, Round(state[0] + (static_cast<double>(random_.Below(2001)) - 1000) * 0.01, 1e2));
        return;
      case Kind::kHistogram:
        return Observe(instrument, &state);
    }
  }

  static double Round(double value, double scale) { return std::round(value * scale) / scale; }

  void Observe(const Instrument& instrument, std::vector<double>* state) {
    const size_t bounds = instrument.bounds.size();
    const uint64_t most = random_.Below(30);
    double added = 0;
    double sum = 0;
    for (size_t i = 0; i <= bounds; ++i) {
      const auto here = static_cast<double>(random_.Below(most + 1));
      added += here;
      (*state)[i] += added;
      if (i < bounds) sum += here * instrument.bounds[i];
    }
    const double spread = 0.5 + static_cast<double>(random_.Below(500)) / 1000;
    (*state)[bounds + 1] = Round((*state)[bounds + 1] + sum * spread, 1e6);
    (*state)[bounds + 2] += added;
  }

  const FleetOptions options_;
  Random random_;
  int64_t start_ms_ = 0;
  uint32_t round_ = 0;
  uint32_t service_ = 0;
  double due_ = 0;
  std::vector<Target> targets_;
  std::vector<Instrument> instruments_;
  std::vector<std::vector<double>> states_;     // Of each instrument that lives.
  std::vector<std::vector<uint32_t>> members_;  // The instruments of each service.
};

}  // namespace

size_t SeriesOf(const Instrument& instrument) {
  return instrument.kind == Kind::kHistogram ? instrument.bounds.size() + 3 : 1;
}

std::unique_ptr<DataSet> MakeFleet(const FleetOptions& options) {
  return std::make_unique<Fleet>(options);
}

}  // namespace vigil::load
