// SPDX-License-Identifier: Apache-2.0
//
// The alert managers of a backtest: their configurations out of a request, what they counted into
// messages.
#pragma once

#include <functional>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include "alerting/manager/alert_manager.h"
#include "alerting/manager/config.h"
#include "alerting/replay/page_count.h"
#include "proto/vigil/v1/backtest.pb.h"

namespace vigil::server {

// The configurations of either side: one each, none if no pages are asked for.
struct BacktestManagers {
  std::vector<alerting::ManagerConfig> tested;
  std::vector<alerting::ManagerConfig> against;
  absl::TimeZone time_zone;
};

// InvalidArgument has "FILE:LINE:COL: what is wrong" of each mistake in a configuration. `live` is
// the server's own.
absl::StatusOr<BacktestManagers> ReadManagers(const v1::BacktestRequest& request,
                                              const alerting::AlertManager& live);

// Hands `count` to `write` piece by piece.
absl::Status WritePages(const alerting::PageCount& count, bool against,
                        const std::function<absl::Status(const v1::BacktestResponse&)>& write);

}  // namespace vigil::server
