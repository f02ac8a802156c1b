// SPDX-License-Identifier: Apache-2.0
//
// vigil.v1.AlertService and vigil.v1.AdminService.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <absl/status/status.h>

#include "alerting/history/alert_history.h"
#include "alerting/manager/alert_manager.h"
#include "alerting/rules/rule_engine.h"
#include "storage/storage.h"

namespace grpc {
class Service;
}

namespace vigil::server {

// Both must outlive the service.
std::unique_ptr<grpc::Service> MakeAlertService(const alerting::RuleEngine* rules,
                                                const alerting::AlertHistory* history);

// What the admin service tells of the process.
struct ProcessInfo {
  std::string version;
  int64_t started_at_ms = 0;
  std::string data_dir;
  std::string grpc_address;
  std::string http_address;
  // Figures beyond those of the store, the rules and the alert manager.
  std::vector<storage::StatusFigure> figures;
};

// `info` is asked at each call: the ports are known only once the server runs.
std::unique_ptr<grpc::Service> MakeAdminService(std::function<ProcessInfo()> info,
                                                storage::Storage* storage,
                                                const alerting::RuleEngine* rules,
                                                const alerting::AlertManager* manager,
                                                std::function<absl::Status()> reload);

}  // namespace vigil::server
