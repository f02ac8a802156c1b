// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/delivery_metrics.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "base/metrics.h"

namespace vigil::alerting {
namespace {

// Upper bounds of the latency's buckets, in seconds, as Alertmanager has them.
constexpr std::array<int64_t, 6> kBucketsSeconds = {1, 5, 10, 15, 20, 60};

Counter& Count(const char* name, const char* help, std::string_view kind,
               std::string_view more = {}) {
  return GetCounter(name, help, fmt::format("integration=\"{}\"{}", kind, more));
}

std::string_view ReasonOf(int http_status) {
  if (http_status >= 500) return "serverError";
  return http_status >= 400 ? "clientError" : "other";
}

}  // namespace

void DeliveryMetrics::CountNotification(std::string_view kind) const {
  if (rehearsal_) return;
  Count("alertmanager_notifications_total", "Notifications that were begun to be sent.", kind)
      .Add();
}

void DeliveryMetrics::CountAttempt(std::string_view kind) const {
  if (rehearsal_) return;
  Count("alertmanager_notification_requests_total", "Attempts to deliver a notification.", kind)
      .Add();
}

void DeliveryMetrics::CountAttemptEnd(std::string_view kind, const DeliveryOutcome& outcome,
                                      int64_t took_ms) const {
  if (rehearsal_) return;
  if (!outcome.delivered) {
    Count("alertmanager_notification_requests_failed_total",
          "Attempts to deliver a notification that failed.", kind)
        .Add();
  }
  constexpr char kBucket[] = "alertmanager_notification_latency_seconds_bucket";
  constexpr char kHelp[] = "Attempts to deliver a notification by how long they took.";
  for (const int64_t bound : kBucketsSeconds) {
    Counter& bucket = Count(kBucket, kHelp, kind, fmt::format(",le=\"{}\"", bound));
    if (took_ms <= bound * 1000) bucket.Add();
  }
  Count(kBucket, kHelp, kind, ",le=\"+Inf\"").Add();
  Count("alertmanager_notification_latency_seconds_count", kHelp, kind).Add();
}

void DeliveryMetrics::CountGivenUp(std::string_view kind, int last_http_status) const {
  if (rehearsal_) return;
  Count("alertmanager_notifications_failed_total", "Notifications that were given up.", kind,
        fmt::format(",reason=\"{}\"", ReasonOf(last_http_status)))
      .Add();
}

void DeliveryMetrics::SetOpenBreakers(int64_t count) const {
  if (rehearsal_) return;
  static Gauge& gauge = GetGauge("vigil_notification_breakers_open",
                                 "Channels that are left alone because they keep failing.");
  gauge.Set(count);
}

}  // namespace vigil::alerting
