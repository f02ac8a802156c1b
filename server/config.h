// SPDX-License-Identifier: Apache-2.0
//
// What `vigil serve` is told: defaults, then the configuration file, then flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/forward/alert_forwarder.h"
#include "alerting/history/alert_history.h"
#include "alerting/rules/rule_engine.h"
#include "collector/admission/admission.h"
#include "collector/otlp/otlp_options.h"
#include "collector/scrape/scrape_config.h"
#include "server/listen_address.h"
#include "server/query_gate.h"
#include "storage/storage.h"

namespace vigil::server {

struct Config {
  ListenAddress grpc_listen{"127.0.0.1", 4317};
  ListenAddress http_listen{"127.0.0.1", 4318};
  // What the process may take. 0, here and in the figures below that are said to be of memory:
  // what server/memory_plan.h gives.
  uint64_t memory_limit_bytes = 0;
  size_t arriving_bytes = 0;        // Of memory: for requests that are still arriving.
  size_t kept_selection_bytes = 0;  // Of memory: see EngineOptions.
  int64_t max_query_samples = 0;    // Of memory: that one query may hold.
  // Of answers to range queries that are kept; none: of memory. 0 keeps none.
  std::optional<uint64_t> query_cache_bytes;
  storage::StorageOptions storage;
  collector::AdmissionOptions admission;
  collector::OtlpOptions otlp;
  QueryLimits queries;
  alerting::RuleEngineOptions rules;
  // So long changes of alerts are kept; 0: for ever.
  int64_t alert_history_retention_ms = alerting::kDefaultHistoryRetentionMs;
  std::vector<std::string> rule_files;  // Patterns.
  bool watch_rules = true;              // Whether rules are read anew when their files change.
  std::string alertmanager_file;        // Alertmanager's configuration; "" for none.
  alerting::ForwardConfig forward;      // Outside Alertmanagers that are told what rules fire.
  std::vector<collector::ScrapeConfig> scrapes;
  bool experimental_functions = true;  // Whether queries and rules may use them.
  bool delayed_name_removal = false;   // Whether queries keep names until their end.
  bool admin_api = false;              // Whether HTTP may delete and copy metrics.
  int64_t slow_query_ms = 10'000;      // Slower queries over HTTP are told in the log; 0: none.
  std::string file;                    // Where it was read, "" if it is defaults and flags.
  std::string yaml;                    // What that says, without secrets.

  Config() {
    storage.data_dir = "./vigil-data";
    // Of memory.
    storage.store_memory_bytes = storage.head_flush_bytes = 0;
    admission.max_head_bytes = admission.max_bytes_in_flight = admission.max_request_bytes = 0;
    queries.max_running = 0;
  }
};

// `defaults` overridden by what the YAML says. InvalidArgument has a line "FILE:LINE:COL: what is
// wrong" for each mistake. Relative paths in the file are relative to the file.
absl::StatusOr<Config> ParseConfig(std::string_view file_name, std::string_view yaml,
                                   Config defaults);

}  // namespace vigil::server
