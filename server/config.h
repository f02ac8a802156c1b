// SPDX-License-Identifier: Apache-2.0
//
// What `vigil serve` is told: defaults, then the configuration file, then flags.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/rules/rule_engine.h"
#include "collector/admission/admission.h"
#include "collector/otlp/otlp_options.h"
#include "collector/scrape/scrape_config.h"
#include "server/listen_address.h"
#include "storage/storage.h"

namespace vigil::server {

struct Config {
  ListenAddress grpc_listen{"127.0.0.1", 4317};
  ListenAddress http_listen{"127.0.0.1", 4318};
  // Of one request, decompressed.
  int max_request_bytes = 64 << 20;
  storage::StorageOptions storage;
  collector::AdmissionOptions admission;
  collector::OtlpOptions otlp;
  alerting::RuleEngineOptions rules;
  std::vector<std::string> rule_files;  // Patterns.
  std::string alertmanager_file;        // Alertmanager's configuration; "" for none.
  std::vector<collector::ScrapeConfig> scrapes;

  Config() { storage.data_dir = "./vigil-data"; }
};

// `defaults` overridden by what the YAML says. InvalidArgument has a line "FILE:LINE:COL: what is
// wrong" for each mistake. Relative paths in the file are relative to the file.
absl::StatusOr<Config> ParseConfig(std::string_view file_name, std::string_view yaml,
                                   Config defaults);

}  // namespace vigil::server
