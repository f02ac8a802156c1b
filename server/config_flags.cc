// SPDX-License-Identifier: Apache-2.0
#include "server/config_flags.h"

#include <fmt/format.h>

#include "base/duration.h"

namespace vigil::server {
namespace {

// Prometheus' names of what is not always there.
std::string FeaturesOf(const exec::EngineOptions& engine) {
  std::string features = "exemplar-storage,native-histograms";
  if (engine.delayed_name_removal) features += ",promql-delayed-name-removal";
  features += ",promql-duration-expr";
  if (engine.language.experimental_functions) features += ",promql-experimental-functions";
  features += ",promql-per-step-stats";
  if (engine.type_and_unit_labels) features += ",type-and-unit-labels";
  return features;
}

}  // namespace

std::map<std::string, std::string> FlagsOf(const Config& config,
                                           const exec::EngineOptions& engine) {
  return {
      {"agent", "false"},
      {"config.file", config.file},
      {"enable-feature", FeaturesOf(engine)},
      {"query.lookback-delta", FormatDurationMs(engine.lookback_ms)},
      {"query.max-concurrency", fmt::to_string(config.queries.max_running)},
      {"query.max-samples", fmt::to_string(engine.max_samples)},
      {"query.timeout", FormatDurationMs(engine.timeout_ms)},
      {"rules.alert.for-grace-period", FormatDurationMs(config.rules.for_grace_period_ms)},
      {"rules.alert.for-outage-tolerance", FormatDurationMs(config.rules.for_outage_tolerance_ms)},
      {"rules.alert.resend-delay", FormatDurationMs(config.rules.resend_delay_ms)},
      {"storage.remote.read-max-bytes-in-frame", "1048576"},
      {"storage.remote.read-sample-limit", fmt::to_string(engine.max_samples)},
      {"storage.tsdb.path", config.storage.data_dir},
      {"storage.tsdb.retention.size", "0B"},
      {"storage.tsdb.retention.time", FormatDurationMs(config.storage.metric_retention_ms)},
      {"web.cors.origin", ".*"},
      {"web.enable-admin-api", config.admin_api ? "true" : "false"},
      {"web.enable-lifecycle", "true"},
      {"web.enable-otlp-receiver", "true"},
      {"web.enable-remote-write-receiver", "true"},
      {"web.external-url", config.rules.external_url},
      {"web.listen-address", config.http_listen.ToString()},
      {"web.remote-write-receiver.accepted-protobuf-messages",
       "prometheus.WriteRequest,io.prometheus.write.v2.Request"},
      {"web.route-prefix", "/"},
  };
}

}  // namespace vigil::server
