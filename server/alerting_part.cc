// SPDX-License-Identifier: Apache-2.0
#include "server/alerting_part.h"

#include <utility>

#include <fmt/format.h>

#include "alerting/manager/trail.h"
#include "alerting/notify/curl_notifier.h"
#include "base/file.h"
#include "base/status.h"
#include "query/promql/parser.h"

namespace vigil::server {
namespace {

// Groups that are evaluated side by side: one whose query takes long leaves room for others.
constexpr size_t kRuleWorkers = 4;
constexpr size_t kMaxQueuedGroups = 1 << 16;
// Outcomes of deliveries are taken in this often, and a clock that was set is noticed.
constexpr int64_t kMaxAlertWaitMs = 200;
// What is kept for months goes within the hour.
constexpr int64_t kDropIntervalMs = kMillisPerHour;

// That rules use nothing that queries may not.
absl::Status CheckLanguage(const std::vector<alerting::RuleGroup>& groups,
                           bool experimental_functions) {
  if (experimental_functions) return absl::OkStatus();
  for (const alerting::RuleGroup& group : groups) {
    for (const alerting::Rule& rule : group.rules) {
      VIGIL_RETURN_IF_ERROR_WITH(
          promql::ParseExpr(rule.expr, {.experimental_functions = false}).status(),
          fmt::format("{}: group \"{}\", \"{}\"", group.file, group.name, rule.name()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<alerting::RuleGroup>> LoadRules(const Config& config) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<alerting::RuleGroup> groups,
                         alerting::LoadRuleFiles(config.rule_files));
  VIGIL_RETURN_IF_ERROR(CheckLanguage(groups, config.experimental_functions));
  return groups;
}

absl::StatusOr<AlertingFiles> LoadAlertingFiles(const Config& config) {
  AlertingFiles files;
  if (const std::string& path = config.alertmanager_file; !path.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string yaml, ReadFile(path),
                                "the alert manager's configuration");
    VIGIL_ASSIGN_OR_RETURN(files.manager, alerting::ParseManagerConfig(path, yaml));
  }
  VIGIL_ASSIGN_OR_RETURN(files.groups, LoadRules(config));
  return files;
}

// The exemplars of a tenant, as alerting wants them.
class AlertingPart::StoredExemplars final : public alerting::ExemplarSource {
 public:
  StoredExemplars(storage::Storage* storage, storage::TenantId tenant)
      : storage_(*storage), tenant_(tenant) {}

  absl::StatusOr<std::vector<storage::ExemplarSeries>> Read(
      const std::vector<storage::Matcher>& matchers, TimeRange range) override {
    return storage_.ReadExemplars(tenant_, matchers, range);
  }

 private:
  storage::Storage& storage_;
  const storage::TenantId tenant_;
};

AlertingPart::AlertingPart(const Config& config, const Dependencies& dependencies)
    : dependencies_(dependencies), history_retention_ms_(config.alert_history_retention_ms) {}

AlertingPart::~AlertingPart() = default;

absl::StatusOr<std::unique_ptr<AlertingPart>> AlertingPart::Start(
    const Config& config, AlertingFiles files, const std::string& user_agent,
    const Dependencies& dependencies) {
  std::unique_ptr<AlertingPart> part(new AlertingPart(config, dependencies));
  VIGIL_RETURN_IF_ERROR(part->MakeManager(config, std::move(files.manager), user_agent));
  VIGIL_RETURN_IF_ERROR(part->MakeRules(config, std::move(files.groups)));
  const Clock* const clock = dependencies.clock;
  part->manager_ticker_ = std::make_unique<Ticker>(
      clock, kMaxAlertWaitMs,
      [manager = part->manager()](int64_t now_ms) { return manager->RunDue(now_ms); });
  part->rules_ticker_ = std::make_unique<Ticker>(
      clock, kMaxAlertWaitMs,
      [rules = part->rules()](int64_t now_ms) { return rules->RunDue(now_ms); });
  return part;
}

absl::Status AlertingPart::MakeManager(const Config& config, alerting::ManagerConfig manager,
                                       const std::string& user_agent) {
  VIGIL_ASSIGN_OR_RETURN(notifier_, alerting::StartCurlNotifier({.user_agent = user_agent}));
  VIGIL_ASSIGN_OR_RETURN(
      manager_, alerting::AlertManager::Create({config.rules.external_url}, std::move(manager),
                                               &dependencies_.storage->state(), notifier_.get(),
                                               dependencies_.clock->NowMs()));
  forwarder_ = std::make_unique<alerting::AlertForwarder>(manager_.get(), notifier_.get());
  forwarder_->SetConfig(config.forward);
  return absl::OkStatus();
}

absl::Status AlertingPart::MakeRules(const Config& config,
                                     std::vector<alerting::RuleGroup> groups) {
  storage::Storage& storage = *dependencies_.storage;
  source_ = storage.MetricSourceFor(storage::kDefaultTenant);
  output_ = storage.MetricSinkFor(storage::kDefaultTenant);
  history_.emplace(&storage.state(), history_retention_ms_);
  exemplars_ = std::make_unique<StoredExemplars>(&storage, storage::kDefaultTenant);
  evidence_.emplace(exemplars_.get(), dependencies_.engine->options());
  workers_.emplace(kRuleWorkers, kMaxQueuedGroups);
  alerting::RuleEngine::Dependencies dependencies;
  dependencies.engine = dependencies_.engine;
  dependencies.source = source_.get();
  dependencies.output = output_.get();
  dependencies.state = &storage.state();
  dependencies.sink = forwarder_.get();
  dependencies.recorder = &*history_;
  dependencies.evidence = &*evidence_;
  dependencies.workers = &*workers_;
  dependencies.evaluated = [this] { WakeManager(); };
  alerting::RuleEngineOptions options = config.rules;
  options.watch_inputs = true;
  VIGIL_ASSIGN_OR_RETURN(rules_, alerting::RuleEngine::Create(options, dependencies));
  return rules_->SetGroups(std::move(groups), dependencies_.clock->NowMs());
}

absl::Status AlertingPart::Change(const Config& config, AlertingFiles files) {
  VIGIL_RETURN_IF_ERROR(
      manager_->SetConfig(std::move(files.manager), dependencies_.clock->NowMs()));
  VIGIL_RETURN_IF_ERROR(ChangeRules(std::move(files.groups)));
  forwarder_->SetConfig(config.forward);
  manager_ticker_->Wake();
  return absl::OkStatus();
}

absl::Status AlertingPart::ChangeRules(std::vector<alerting::RuleGroup> groups) {
  VIGIL_RETURN_IF_ERROR(rules_->SetGroups(std::move(groups), dependencies_.clock->NowMs()));
  rules_ticker_->Wake();
  return absl::OkStatus();
}

absl::Status AlertingPart::DropOld(int64_t now_ms) {
  if (now_ms < next_drop_ms_) return absl::OkStatus();
  next_drop_ms_ = now_ms + kDropIntervalMs;
  absl::Status status = history_->DropOld(now_ms);
  status.Update(
      alerting::DropOldTrail(dependencies_.storage->state(), history_retention_ms_, now_ms));
  return status;
}

}  // namespace vigil::server
