// SPDX-License-Identifier: Apache-2.0
#include "server/config_flags.h"

#include <fmt/format.h>

#include "base/duration.h"

namespace vigil::server {

std::map<std::string, std::string> FlagsOf(const Config& config,
                                           const exec::EngineOptions& engine) {
  return {
      {"config.file", config.file},
      {"query.lookback-delta", FormatDurationMs(engine.lookback_ms)},
      {"query.max-concurrency", fmt::to_string(config.queries.max_running)},
      {"query.max-samples", fmt::to_string(engine.max_samples)},
      {"query.timeout", FormatDurationMs(engine.timeout_ms)},
      {"rules.alert.for-grace-period", FormatDurationMs(config.rules.for_grace_period_ms)},
      {"rules.alert.for-outage-tolerance", FormatDurationMs(config.rules.for_outage_tolerance_ms)},
      {"rules.alert.resend-delay", FormatDurationMs(config.rules.resend_delay_ms)},
      {"storage.tsdb.path", config.storage.data_dir},
      {"storage.tsdb.retention.time", FormatDurationMs(config.storage.metric_retention_ms)},
      {"web.cors.origin", ".*"},
      {"web.enable-admin-api", "false"},
      {"web.enable-lifecycle", "true"},
      {"web.enable-otlp-receiver", "true"},
      {"web.enable-remote-write-receiver", "true"},
      {"web.external-url", config.rules.external_url},
      {"web.listen-address", config.http_listen.ToString()},
  };
}

}  // namespace vigil::server
