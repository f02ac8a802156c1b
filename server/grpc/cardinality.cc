// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/cardinality.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/admin.pb.h"
#include "query/promql/parser.h"
#include "server/grpc/call.h"

namespace vigil::server {
namespace {

using storage::Matcher;

constexpr uint32_t kDefaultLimit = 10;

struct Counts {
  uint64_t today = 0;
  uint64_t yesterday = 0;
  uint64_t values = 0;
};

class Cardinality {
 public:
  Cardinality(storage::MetricQuerier* querier, std::vector<Matcher> matchers)
      : querier_(*querier), matchers_(std::move(matchers)) {}

  // Counts the series of a day as `counter` of what they are made of.
  absl::Status Count(TimeRange day, uint64_t Counts::*counter) {
    const std::string metric_name(storage::kMetricName);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> metrics,
                           querier_.LabelValues(metric_name, matchers_, day));
    for (const std::string& metric : metrics) {
      std::vector<Matcher> matchers = matchers_;
      matchers.push_back(Matcher::Equal(metric_name, metric));
      VIGIL_ASSIGN_OR_RETURN(const std::vector<storage::SeriesHandle> series,
                             querier_.Select(matchers, day));
      metrics_[metric].*counter += series.size();
      total_.*counter += series.size();
      for (const storage::SeriesHandle& handle : series) CountLabels(handle.labels, counter);
    }
    return absl::OkStatus();
  }

  void Tell(size_t limit, v1::CardinalityResponse* response) {
    for (const auto& [name, values] : labels_) {
      Counts& counts = label_totals_[name];
      for (const auto& [value, one] : values) {
        counts.today += one.today;
        counts.yesterday += one.yesterday;
        if (one.today > 0) ++counts.values;
      }
    }
    response->set_series(total_.today);
    response->set_series_yesterday(total_.yesterday);
    TellLargest(metrics_, limit, response->mutable_metrics());
    TellLargest(label_totals_, limit, response->mutable_labels());
    TellLargestValues(limit, response);
  }

 private:
  using Entries = google::protobuf::RepeatedPtrField<v1::CardinalityEntry>;
  struct Value {
    std::string_view name;
    std::string_view value;
    Counts counts;
  };

  void CountLabels(const storage::Labels& labels, uint64_t Counts::*counter) {
    for (const storage::LabelView& label : labels) {
      if (label.name == storage::kMetricName) continue;
      ++(labels_[label.name][label.value].*counter);
    }
  }

  // Sorts so that the largest of today come first, and cuts.
  static void Cut(size_t limit, std::vector<Value>* all) {
    const auto larger = [](const Value& a, const Value& b) {
      if (a.counts.today != b.counts.today) return a.counts.today > b.counts.today;
      if (a.counts.yesterday != b.counts.yesterday) return a.counts.yesterday > b.counts.yesterday;
      return std::pair(a.name, a.value) < std::pair(b.name, b.value);
    };
    const size_t kept = std::min(limit, all->size());
    std::partial_sort(all->begin(), all->begin() + static_cast<std::ptrdiff_t>(kept), all->end(),
                      larger);
    all->resize(kept);
  }

  static void Add(const std::vector<Value>& values, Entries* entries) {
    for (const Value& value : values) {
      v1::CardinalityEntry* const entry = entries->Add();
      entry->set_name(std::string(value.name));
      entry->set_value(std::string(value.value));
      entry->set_series(value.counts.today);
      entry->set_series_yesterday(value.counts.yesterday);
      entry->set_values(value.counts.values);
    }
  }

  static void TellLargest(const StringMap<Counts>& all, size_t limit, Entries* entries) {
    std::vector<Value> values;
    for (const auto& [name, counts] : all) values.push_back({name, {}, counts});
    Cut(limit, &values);
    Add(values, entries);
  }

  void TellLargestValues(size_t limit, v1::CardinalityResponse* response) const {
    std::vector<Value> values;
    for (const auto& [name, by_value] : labels_) {
      for (const auto& [value, counts] : by_value) values.push_back({name, value, counts});
    }
    Cut(limit, &values);
    Add(values, response->mutable_label_values());
  }

  storage::MetricQuerier& querier_;
  const std::vector<Matcher> matchers_;
  Counts total_;
  StringMap<Counts> metrics_;
  StringMap<StringMap<Counts>> labels_;  // Name, then value.
  StringMap<Counts> label_totals_;
};

TimeRange DayOf(int64_t time_ms) {
  const int64_t start_ms = time_ms - time_ms % kMillisPerDay;
  return {start_ms, start_ms + kMillisPerDay - 1};
}

}  // namespace

grpc::Status CountCardinality(storage::Storage& storage, const grpc::ServerContext& context,
                              const v1::CardinalityRequest& request, int64_t now_ms,
                              v1::CardinalityResponse* response) {
  return collector::ToGrpcStatus([&]() -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(context, storage));
    std::vector<Matcher> matchers;
    if (!request.match().empty()) {
      VIGIL_ASSIGN_OR_RETURN(matchers, promql::ParseSelector(request.match()));
    }
    const std::unique_ptr<storage::MetricQuerier> querier = storage.NewMetricQuerier(tenant);
    Cardinality cardinality(querier.get(), std::move(matchers));
    VIGIL_RETURN_IF_ERROR(cardinality.Count(DayOf(now_ms), &Counts::today));
    VIGIL_RETURN_IF_ERROR(cardinality.Count(DayOf(now_ms - kMillisPerDay), &Counts::yesterday));
    cardinality.Tell(request.limit() == 0 ? kDefaultLimit : request.limit(), response);
    return absl::OkStatus();
  }());
}

}  // namespace vigil::server
