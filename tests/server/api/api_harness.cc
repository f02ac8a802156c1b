// SPDX-License-Identifier: Apache-2.0
#include "tests/server/api/api_harness.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/rules/rule_file.h"
#include "query/promql/parser.h"
#include "server/api/api_response.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server::testing {

ApiHarness::ApiHarness(const exec::EngineOptions& options)
    : engine_(options),
      source_(store_.storage().MetricSourceFor(storage::kDefaultTenant)),
      sink_(store_.storage().MetricSinkFor(storage::kDefaultTenant)) {
  alerting::RuleEngine::Dependencies dependencies;
  dependencies.engine = &engine_;
  dependencies.source = source_.get();
  dependencies.output = sink_.get();
  dependencies.state = &store_.storage().state();
  dependencies.recorder = &history_;
  rules_ = alerting::RuleEngine::Create({}, dependencies).value();
  parts_.storage = &store_.storage();
  parts_.engine = &engine_;
  parts_.ranges = &ranges_;
  store_.storage().ObserveMetricWrites(&ranges_);
  parts_.clock = &store_.clock();
  parts_.gate = &gate_;
  parts_.rules = rules_.get();
  parts_.history = &history_;
  parts_.scrapes = [] { return collector::ScrapeStatus(); };
  parts_.process = [] { return ApiProcess(); };
}

HttpRequest ApiHarness::Get(std::string_view url) {
  HttpRequest request;
  request.method = "GET";
  const size_t question = url.find('?');
  request.path = PercentDecode(url.substr(0, question), false);
  if (question != std::string_view::npos) {
    request.parameters = ParseQueryString(url.substr(question + 1));
  }
  return request;
}

HttpRequest ApiHarness::Post(std::string_view url) {
  HttpRequest request;
  request.method = "POST";
  const size_t question = url.find('?');
  request.path = url.substr(0, question);
  request.headers["content-type"] = "application/x-www-form-urlencoded";
  if (question != std::string_view::npos) request.body = url.substr(question + 1);
  return request;
}

std::string ApiHarness::Ask(ApiEndpoint* endpoint, const HttpRequest& request) {
  HttpResponse response = ToResponse(endpoint(parts_, request));
  const int status = response.status;
  const std::string body = BodyOf(std::move(response));
  const bool plain = status == 200 && body.starts_with(kDataBegins) && body.ends_with("}") &&
                     body.find(",\"warnings\":") == std::string::npos &&
                     body.find(",\"infos\":") == std::string::npos;
  if (!plain) return fmt::format("{} {}", status, body);
  return body.substr(kDataBegins.size(), body.size() - kDataBegins.size() - 1);
}

void ApiHarness::Write(storage::LabeledSample sample, std::string_view series, double seconds,
                       std::string_view tenant) {
  sample.labels = promql::ParseSeries(series).value();
  sample.time_ms = kStartMs + std::llround(seconds * 1000);
  const storage::TenantId id = store_.storage().Tenant(tenant).value();
  const auto written = store_.storage().MetricSinkFor(id)->Append({std::move(sample)}, {});
  ASSERT_OK(written);
  ASSERT_EQ(written->rejected, 0) << written->rejection_reason;
}

void ApiHarness::Add(std::string_view series, double seconds, double value,
                     std::string_view tenant) {
  storage::LabeledSample sample;
  sample.value = value;
  Write(std::move(sample), series, seconds, tenant);
}

void ApiHarness::AddHistogram(std::string_view series, double seconds,
                              storage::Histogram histogram) {
  storage::LabeledSample sample;
  sample.histogram = std::make_shared<const storage::Histogram>(std::move(histogram));
  Write(std::move(sample), series, seconds, "");
}

void ApiHarness::LoadRules(std::string_view yaml) {
  auto groups = alerting::ParseRuleFile("rules.yaml", yaml);
  ASSERT_OK(groups);
  ASSERT_OK(rules_->SetGroups(*std::move(groups), kStartMs));
}

std::string BodyOf(HttpResponse response) {
  std::string body = std::move(response.body);
  for (bool more = response.rest != nullptr; more;) {
    std::string piece;
    more = response.rest(&piece);
    body += piece;
  }
  return body;
}

}  // namespace vigil::server::testing
