// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/server_catalog.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "cli/text/labels.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

constexpr int64_t kRememberedMs = 30 * kMillisPerSecond;
// Nobody waits longer for a list of names.
constexpr std::chrono::seconds kPatience(2);
constexpr int64_t kLookBackMs = kMillisPerDay;
// Enough for any session; a selector of its own for each key pressed must not fill the memory.
constexpr size_t kMaxRemembered = 200;

template <typename Request>
Request RequestFor(const std::string& selector) {
  Request request;
  if (!selector.empty()) request.add_matches(selector);
  const int64_t now_ms = SystemClock().NowMs();
  request.set_start_ms(now_ms - kLookBackMs);
  request.set_end_ms(now_ms);
  return request;
}

void Prepare(const Client& client, grpc::ClientContext* context) {
  client.Prepare(context);
  context->set_deadline(std::chrono::system_clock::now() + kPatience);
}

}  // namespace

template <typename Fetch>
std::vector<std::string> ServerCatalog::Recall(const std::string& key, const Fetch& fetch) {
  const int64_t now_ms = SystemClock().NowMs();
  const auto found = remembered_.find(key);
  if (found != remembered_.end() && now_ms - found->second.at_ms < kRememberedMs) {
    return found->second.names;
  }
  std::vector<std::string> names;
  if (!fetch(&names).ok()) return {};
  std::sort(names.begin(), names.end());
  if (remembered_.size() >= kMaxRemembered) remembered_.clear();
  remembered_[key] = {now_ms, names};
  return names;
}

std::vector<std::string> ServerCatalog::MetricNames() {
  return LabelValues(std::string(kMetricName), "");
}

std::vector<std::string> ServerCatalog::LabelNames(const std::string& selector) {
  return Recall("names " + selector, [&](std::vector<std::string>* names) {
    grpc::ClientContext context;
    Prepare(client_, &context);
    v1::LabelNamesResponse response;
    const grpc::Status status =
        v1::QueryService::NewStub(client_.channel())
            ->LabelNames(&context, RequestFor<v1::LabelNamesRequest>(selector), &response);
    for (const std::string& name : response.names()) {
      if (name != kMetricName) names->push_back(name);
    }
    return status;
  });
}

std::vector<std::string> ServerCatalog::LabelValues(const std::string& label,
                                                    const std::string& selector) {
  return Recall("values " + label + " " + selector, [&](std::vector<std::string>* values) {
    grpc::ClientContext context;
    Prepare(client_, &context);
    v1::LabelValuesRequest request = RequestFor<v1::LabelValuesRequest>(selector);
    request.set_name(label);
    v1::LabelValuesResponse response;
    const grpc::Status status =
        v1::QueryService::NewStub(client_.channel())->LabelValues(&context, request, &response);
    values->assign(response.values().begin(), response.values().end());
    return status;
  });
}

}  // namespace vigil::cli
