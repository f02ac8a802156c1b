// SPDX-License-Identifier: Apache-2.0
//
// The process: puts the parts together, starts them, stops them. The only place that knows them
// all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "server/config.h"

namespace vigil::server {

// The version that `vigil --version`, the status and the self-metrics tell.
inline constexpr std::string_view kVersion = "0.1.0";

// Thread-safe.
class App {
 public:
  // Reads the configuration anew; called at start and for each reload.
  using ConfigLoader = std::function<absl::StatusOr<Config>()>;

  // Opens the store, recovers, and serves on both ports when it returns. Errors say what to do.
  static absl::StatusOr<std::unique_ptr<App>> Start(ConfigLoader load_config);
  // Stops taking work, finishes what was begun, flushes and closes.
  virtual ~App() = default;

  // Reads rules, routes and scrape targets anew. On an error the old ones go on.
  virtual absl::Status Reload() = 0;

  virtual uint16_t grpc_port() const = 0;
  virtual uint16_t http_port() const = 0;
};

}  // namespace vigil::server
