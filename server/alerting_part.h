// SPDX-License-Identifier: Apache-2.0
//
// Rules and alert manager inside the process: made of the configuration, driven by tickers, changed
// by reloads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/evidence.h"
#include "alerting/forward/alert_forwarder.h"
#include "alerting/history/alert_history.h"
#include "alerting/manager/alert_manager.h"
#include "alerting/manager/config.h"
#include "alerting/notify/notifier.h"
#include "alerting/rules/rule_engine.h"
#include "alerting/rules/rule_file.h"
#include "base/clock.h"
#include "base/thread_pool.h"
#include "query/exec/engine.h"
#include "server/config.h"
#include "server/ticker.h"
#include "storage/storage.h"

namespace vigil::server {

// What people write to say when they are to be told of what.
struct AlertingFiles {
  alerting::ManagerConfig manager;
  std::vector<alerting::RuleGroup> groups;
};

// Read the files that `config` names. Errors name the place in them.
absl::StatusOr<std::vector<alerting::RuleGroup>> LoadRules(const Config& config);
absl::StatusOr<AlertingFiles> LoadAlertingFiles(const Config& config);

// Thread-safe.
class AlertingPart {
 public:
  // All must outlive the part.
  struct Dependencies {
    storage::Storage* storage = nullptr;
    const exec::Engine* engine = nullptr;
    const Clock* clock = nullptr;
  };

  // Restores what the store has of rules and manager, and begins to evaluate and to tell.
  static absl::StatusOr<std::unique_ptr<AlertingPart>> Start(const Config& config,
                                                             AlertingFiles files,
                                                             const std::string& user_agent,
                                                             const Dependencies& dependencies);
  // What is under way is evaluated to its end; what is not told yet is kept.
  ~AlertingPart();

  // Takes what a reload has read.
  absl::Status Change(const Config& config, AlertingFiles files);
  absl::Status ChangeRules(std::vector<alerting::RuleGroup> groups);
  // To be called now and then: within the hour, drops what is no longer to be kept.
  absl::Status DropOld(int64_t now_ms);
  // Has the manager look at what is due.
  void WakeManager() { manager_ticker_->Wake(); }

  // What rules are evaluated over.
  storage::MetricSource* source() { return source_.get(); }
  alerting::RuleEngine* rules() { return rules_.get(); }
  alerting::AlertManager* manager() { return manager_.get(); }
  alerting::AlertHistory* history() { return &*history_; }
  alerting::AlertForwarder* forwarder() { return forwarder_.get(); }

 private:
  class StoredExemplars;

  AlertingPart(const Config& config, const Dependencies& dependencies);
  absl::Status MakeManager(const Config& config, alerting::ManagerConfig manager,
                           const std::string& user_agent);
  absl::Status MakeRules(const Config& config, std::vector<alerting::RuleGroup> groups);

  const Dependencies dependencies_;
  const int64_t history_retention_ms_;
  int64_t next_drop_ms_ = 0;

  // Below, each may use those above it; destroyed from the end.
  std::unique_ptr<storage::MetricSource> source_;
  std::unique_ptr<storage::MetricSink> output_;
  std::unique_ptr<alerting::Notifier> notifier_;
  std::unique_ptr<alerting::AlertManager> manager_;
  std::unique_ptr<alerting::AlertForwarder> forwarder_;
  std::optional<alerting::AlertHistory> history_;
  std::unique_ptr<StoredExemplars> exemplars_;
  std::optional<alerting::EvidenceFinder> evidence_;
  std::unique_ptr<alerting::RuleEngine> rules_;
  std::unique_ptr<Ticker> manager_ticker_;
  std::optional<ThreadPool> workers_;  // Evaluate groups, and wake the manager.
  std::unique_ptr<Ticker> rules_ticker_;
};

}  // namespace vigil::server
