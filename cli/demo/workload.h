// SPDX-License-Identifier: Apache-2.0
//
// A synthetic LLM gateway: several models under a load that follows the day, with bursts, slow
// tails, incidents at a provider, tokens and costs. Makes requests; tells nobody.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace vigil::cli {

// One request to a model, finished.
struct DemoRequest {
  std::string model;
  std::string endpoint;
  std::string request_id;
  int64_t start_ns = 0;  // Unix nanoseconds.
  int64_t end_ns = 0;
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;  // 0 for a failed one.
  double cost_usd = 0;
  int error_status = 0;  // The provider's HTTP status; 0: it succeeded.
};

// The same seed and the same steps give the same requests. Not thread-safe.
class DemoWorkload {
 public:
  explicit DemoWorkload(uint64_t seed) : random_(seed) {}

  // The requests that ended in [from_ms, to_ms) of Unix time, by end.
  std::vector<DemoRequest> Step(int64_t from_ms, int64_t to_ms);

 private:
  DemoRequest MakeRequest(size_t model, double error_share, int64_t end_ns);
  double Uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  std::mt19937_64 random_;
};

}  // namespace vigil::cli
