// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/workload.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"

namespace vigil::cli {
namespace {

struct Model {
  std::string_view name;
  std::string_view endpoint;
  double requests_per_second;  // On average over the day.
  double median_seconds;
  double prompt_tokens;  // Medians.
  double completion_tokens;
  double usd_per_million_prompt;
  double usd_per_million_completion;
};

constexpr std::array<Model, 4> kModels = {{
    {"atlas-large", "/v1/chat", 2.5, 1.8, 1200, 350, 3.00, 15.00},
    {"atlas-small", "/v1/chat", 6.0, 0.45, 700, 180, 0.15, 0.60},
    {"borealis", "/v1/completions", 1.5, 0.9, 2500, 120, 1.10, 4.40},
    {"embed-3", "/v1/embeddings", 4.0, 0.06, 300, 0, 0.02, 0.00},
}};
constexpr std::array<int, 4> kErrorStatuses = {429, 500, 503, 529};

constexpr double kUsualErrorShare = 0.004;
constexpr double kIncidentErrorShare = 0.35;
constexpr double kSlowTailShare = 0.015;
constexpr double kSlowTailFactor = 8;
constexpr double kBurstFactor = 3;

// A number in [0, 1) that belongs to a stretch of time: incidents and bursts are facts of the
// simulated world, whatever steps it is looked at in.
double Chance(int64_t slot, uint64_t salt) {
  std::mt19937_64 random(static_cast<uint64_t>(slot) * 0x9E3779B97F4A7C15u + salt);
  random.discard(2);
  return std::uniform_real_distribution<double>(0, 1)(random);
}

// The load by the hour of the day: lowest at four in the morning, highest in the afternoon.
double DayFactor(int64_t unix_ms) {
  const double hour = static_cast<double>(unix_ms % kMillisPerDay) / kMillisPerHour;
  return 1 + 0.6 * std::sin((hour - 10) / 24 * 2 * std::numbers::pi);
}

// In every third stretch of a minute or so there is a burst of ten seconds.
bool InBurst(int64_t unix_ms) { return Chance(unix_ms / 10'000, 1) < 0.05; }

// A model's provider has an incident of two minutes about once in twenty.
bool InIncident(int64_t unix_ms, size_t model) {
  return Chance(unix_ms / (2 * kMillisPerMinute), 100 + model) < 0.1;
}

}  // namespace

DemoRequest DemoWorkload::MakeRequest(size_t index, double error_share, int64_t end_ns) {
  const Model& model = kModels[index];
  std::lognormal_distribution<double> spread(0, 0.5);
  DemoRequest request;
  request.model = model.name;
  request.endpoint = model.endpoint;
  request.request_id = fmt::format("req-{:016x}", random_());
  request.prompt_tokens = static_cast<int64_t>(model.prompt_tokens * spread(random_)) + 1;
  double seconds = model.median_seconds * spread(random_);
  if (Uniform() < kSlowTailShare) seconds *= kSlowTailFactor;
  if (Uniform() < error_share) {
    request.error_status = kErrorStatuses[random_() % kErrorStatuses.size()];
    seconds *= 0.3;  // Refusals come quickly.
  } else {
    request.completion_tokens = static_cast<int64_t>(model.completion_tokens * spread(random_));
  }
  request.cost_usd =
      (static_cast<double>(request.prompt_tokens) * model.usd_per_million_prompt +
       static_cast<double>(request.completion_tokens) * model.usd_per_million_completion) /
      1e6;
  request.end_ns = end_ns;
  request.start_ns = end_ns - static_cast<int64_t>(seconds * 1e9);
  return request;
}

std::vector<DemoRequest> DemoWorkload::Step(int64_t from_ms, int64_t to_ms) {
  std::vector<DemoRequest> requests;
  const double seconds = static_cast<double>(to_ms - from_ms) / kMillisPerSecond;
  const double load = DayFactor(from_ms) * (InBurst(from_ms) ? kBurstFactor : 1);
  for (size_t model = 0; model < kModels.size(); ++model) {
    const double error_share = InIncident(from_ms, model) ? kIncidentErrorShare : kUsualErrorShare;
    std::poisson_distribution<int> count(kModels[model].requests_per_second * load * seconds);
    for (int i = count(random_); i > 0; --i) {
      const auto into_ms = static_cast<double>(to_ms - from_ms) * Uniform();
      const int64_t end_ns =
          from_ms * kNanosPerMilli + static_cast<int64_t>(into_ms * kNanosPerMilli);
      requests.push_back(MakeRequest(model, error_share, end_ns));
    }
  }
  std::sort(requests.begin(), requests.end(),
            [](const DemoRequest& a, const DemoRequest& b) { return a.end_ns < b.end_ns; });
  return requests;
}

}  // namespace vigil::cli
