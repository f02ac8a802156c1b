// SPDX-License-Identifier: Apache-2.0
//
// The Prometheus API on a store in memory, asked without a network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "alerting/history/alert_history.h"
#include "alerting/rules/rule_engine.h"
#include "query/cache/range_cache.h"
#include "query/exec/engine.h"
#include "server/api/api_parts.h"
#include "server/http/http_types.h"
#include "tests/storage/storage_harness.h"

namespace vigil::server::testing {

using storage::testing::kStartMs;

// Not thread-safe. Its clock stands at kStartMs, 1767323045.
class ApiHarness {
 public:
  explicit ApiHarness(const exec::EngineOptions& options = {});

  // A request of that path with "a=b&c=d" behind a question mark.
  static HttpRequest Get(std::string_view url);
  // The same parameters as a form.
  static HttpRequest Post(std::string_view url);

  // What `endpoint` answers, as "STATUS BODY"; pieces are put together. Of a success whose data
  // alone is there, "DATA".
  std::string Ask(ApiEndpoint* endpoint, const HttpRequest& request);
  std::string Ask(ApiEndpoint* endpoint, std::string_view url) { return Ask(endpoint, Get(url)); }

  // Writes a sample of `name{label="value",...}`; the time is in seconds after kStartMs.
  void Add(std::string_view series, double seconds, double value, std::string_view tenant = "");
  void AddHistogram(std::string_view series, double seconds, storage::Histogram histogram);

  // Rules as a file has them.
  void LoadRules(std::string_view yaml);

  ApiParts& parts() { return parts_; }
  storage::testing::StorageHarness& store() { return store_; }
  alerting::RuleEngine& rules() { return *rules_; }

 private:
  void Write(storage::LabeledSample sample, std::string_view series, double seconds,
             std::string_view tenant);

  storage::testing::StorageHarness store_{2};
  const exec::Engine engine_;
  cache::RangeCache ranges_{&engine_, &store_.clock(), size_t{8} << 20};
  QueryGate gate_{QueryLimits()};
  std::unique_ptr<storage::MetricSource> source_;
  std::unique_ptr<storage::MetricSink> sink_;
  alerting::AlertHistory history_{&store_.storage().state(), 0};
  std::unique_ptr<alerting::RuleEngine> rules_;
  ApiParts parts_;
};

// All of an answer's body.
std::string BodyOf(HttpResponse response);

}  // namespace vigil::server::testing
