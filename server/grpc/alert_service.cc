// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/alert_service.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "alerting/manager/matcher_parser.h"
#include "base/clock.h"
#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/admin.grpc.pb.h"
#include "proto/vigil/v1/alerts.grpc.pb.h"
#include "server/grpc/cardinality.h"
#include "server/grpc/convert.h"
#include "server/grpc/maintenance.h"

namespace vigil::server {
namespace {

using alerting::ActiveAlert;
using alerting::AlertState;

template <typename Pairs, typename Messages>
void AddPairs(const Pairs& pairs, Messages* messages) {
  for (const auto& [name, value] : pairs) {
    v1::Label* const label = messages->Add();
    label->set_name(name);
    label->set_value(value);
  }
}

void ToMessage(const alerting::Evidence& evidence, v1::AlertEvidence* message) {
  if (evidence.threshold.has_value()) message->set_threshold(*evidence.threshold);
  message->set_query(evidence.query);
  message->mutable_trace_ids()->Assign(evidence.trace_ids.begin(), evidence.trace_ids.end());
}

void ToMessage(const ActiveAlert& alert, v1::Alert* message) {
  message->set_state(std::string(AlertStateName(alert.state)));
  ToMessages(alert.labels, message->mutable_labels());
  ToMessages(alert.annotations, message->mutable_annotations());
  message->set_active_at_ms(alert.active_at_ms);
  message->set_fired_at_ms(alert.fired_at_ms);
  message->set_value(alert.value);
  message->set_reason(std::string(AlertReasonName(alert.reason)));
  if (alert.evidence != nullptr) ToMessage(*alert.evidence, message->mutable_evidence());
}

void ToMessage(const alerting::RuleStatus& status, v1::Rule* message) {
  const alerting::Rule& rule = status.rule;
  message->set_type(rule.IsAlert() ? "alerting" : "recording");
  message->set_name(rule.name());
  message->set_query(rule.expr);
  message->set_for_ms(rule.for_ms);
  AddPairs(rule.labels, message->mutable_labels());
  AddPairs(rule.annotations, message->mutable_annotations());
  message->set_health(std::string(alerting::RuleHealthName(status.health)));
  message->set_last_error(status.last_error);
  message->set_inputs(std::string(alerting::InputStateName(status.inputs.state)));
  message->set_inputs_since_ms(status.inputs.since_ms);
  for (const std::string& selector : status.inputs.missing) message->add_missing_inputs(selector);
  message->set_alerts(static_cast<uint32_t>(status.alerts.size()));
  if (!rule.IsAlert()) return;
  AlertState state = AlertState::kInactive;
  for (const ActiveAlert& alert : status.alerts) state = std::max(state, alert.state);
  message->set_state(std::string(AlertStateName(state)));
}

template <typename Texts>
absl::StatusOr<std::vector<storage::Matcher>> ParseAll(const Texts& texts) {
  std::vector<storage::Matcher> matchers;
  for (const std::string& text : texts) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<storage::Matcher> some, alerting::ParseMatchers(text));
    matchers.insert(matchers.end(), some.begin(), some.end());
  }
  return matchers;
}

// Whether `value` is one of `wanted`, or anything is.
template <typename Texts>
bool IsWanted(const Texts& wanted, std::string_view value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

absl::StatusOr<alerting::HistoryQuery> QueryOf(const v1::AlertHistoryRequest& request) {
  alerting::HistoryQuery query;
  query.range = {request.from_ms(), request.to_ms() == 0 ? INT64_MAX : request.to_ms()};
  VIGIL_ASSIGN_OR_RETURN(query.selectors.emplace_back(), ParseAll(request.matchers()));
  query.rules.assign(request.rules().begin(), request.rules().end());
  for (const std::string& name : request.changes()) {
    VIGIL_RETURN_IF_ERROR(alerting::ParseAlertChange(name, &query.changes.emplace_back()));
  }
  query.limit = request.limit();
  return query;
}

void ToMessage(const alerting::AlertEvent& event, v1::AlertChange* message) {
  message->set_time_ms(event.time_ms);
  message->set_change(std::string(AlertChangeName(event.change)));
  message->set_reason(event.reason);
  message->set_group(event.group_key);
  message->set_rule(event.rule);
  ToMessages(event.labels, message->mutable_labels());
  ToMessages(event.annotations, message->mutable_annotations());
  message->set_value(event.value);
  message->set_active_at_ms(event.active_at_ms);
  message->set_fired_at_ms(event.fired_at_ms);
  if (event.evidence != nullptr) ToMessage(*event.evidence, message->mutable_evidence());
}

class AlertService final : public v1::AlertService::Service {
 public:
  AlertService(const alerting::RuleEngine* rules, const alerting::AlertHistory* history)
      : rules_(*rules), history_(*history) {}

  grpc::Status ListAlerts(grpc::ServerContext*, const v1::ListAlertsRequest* request,
                          v1::ListAlertsResponse* response) override {
    const absl::StatusOr<std::vector<storage::Matcher>> matchers = ParseAll(request->matchers());
    if (!matchers.ok()) return collector::ToGrpcStatus(matchers.status());
    for (const alerting::GroupStatus& group : rules_.Status()) {
      for (const alerting::RuleStatus& rule : group.rules) {
        if (!IsWanted(request->rules(), rule.rule.name())) continue;
        for (const ActiveAlert& alert : rule.alerts) {
          if (!IsWanted(request->states(), AlertStateName(alert.state)) ||
              !storage::MatchesAll(*matchers, alert.labels)) {
            continue;
          }
          v1::Alert* const message = response->add_alerts();
          ToMessage(alert, message);
          message->set_rule(rule.rule.name());
          message->set_group(group.name);
          message->set_file(group.file);
        }
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status AlertHistory(grpc::ServerContext*, const v1::AlertHistoryRequest* request,
                            v1::AlertHistoryResponse* response) override {
    return collector::ToGrpcStatus([&]() -> absl::Status {
      VIGIL_ASSIGN_OR_RETURN(const alerting::HistoryQuery query, QueryOf(*request));
      VIGIL_ASSIGN_OR_RETURN(const alerting::HistoryAnswer answer, history_.Read(query));
      for (const alerting::AlertEvent& event : answer.events) {
        ToMessage(event, response->add_changes());
      }
      response->set_truncated(answer.truncated);
      return absl::OkStatus();
    }());
  }

  grpc::Status ListRules(grpc::ServerContext*, const v1::ListRulesRequest*,
                         v1::ListRulesResponse* response) override {
    for (const alerting::GroupStatus& group : rules_.Status()) {
      v1::RuleGroup* const message = response->add_groups();
      message->set_name(group.name);
      message->set_file(group.file);
      message->set_interval_ms(group.interval_ms);
      message->set_last_evaluation_ms(group.last_evaluation_ms);
      message->set_evaluation_seconds(group.evaluation_seconds);
      message->set_iterations_missed(group.iterations_missed);
      for (const alerting::RuleStatus& rule : group.rules) ToMessage(rule, message->add_rules());
    }
    return grpc::Status::OK;
  }

 private:
  const alerting::RuleEngine& rules_;
  const alerting::AlertHistory& history_;
};

class AdminService final : public v1::AdminService::Service {
 public:
  AdminService(std::function<ProcessInfo()> info, storage::Storage* storage,
               const alerting::RuleEngine* rules, const alerting::AlertManager* manager,
               std::function<absl::Status()> reload)
      : info_(std::move(info)),
        storage_(*storage),
        rules_(*rules),
        manager_(*manager),
        reload_(std::move(reload)) {}

  grpc::Status Status(grpc::ServerContext*, const v1::StatusRequest*,
                      v1::StatusResponse* response) override {
    const ProcessInfo info = info_();
    response->set_version(info.version);
    response->set_started_at_ms(info.started_at_ms);
    response->set_data_dir(info.data_dir);
    response->set_grpc_address(info.grpc_address);
    response->set_http_address(info.http_address);
    for (const storage::StatusFigure& figure : Figures(info)) {
      if (response->sections().empty() || response->sections().rbegin()->name() != figure.section) {
        response->add_sections()->set_name(figure.section);
      }
      v1::StatusEntry* const entry = response->mutable_sections()->rbegin()->add_entries();
      entry->set_name(figure.name);
      entry->set_value(figure.value);
    }
    return grpc::Status::OK;
  }

  grpc::Status Reload(grpc::ServerContext*, const v1::ReloadRequest*,
                      v1::ReloadResponse*) override {
    return collector::ToGrpcStatus(reload_());
  }

  grpc::Status Compact(grpc::ServerContext*, const v1::CompactRequest*,
                       v1::CompactResponse*) override {
    return collector::ToGrpcStatus(storage_.Compact());
  }

  grpc::Status Snapshot(grpc::ServerContext*, const v1::SnapshotRequest* request,
                        v1::SnapshotResponse* response) override {
    return TakeSnapshot(storage_, *request, response);
  }

  grpc::Status DeleteMetrics(grpc::ServerContext* context, const v1::DeleteMetricsRequest* request,
                             v1::DeleteMetricsResponse* response) override {
    return server::DeleteMetrics(storage_, *context, *request, response);
  }

  grpc::Status Cardinality(grpc::ServerContext* context, const v1::CardinalityRequest* request,
                           v1::CardinalityResponse* response) override {
    return CountCardinality(storage_, *context, *request, clock_.NowMs(), response);
  }

 private:
  std::vector<storage::StatusFigure> Figures(const ProcessInfo& info) const {
    std::vector<storage::StatusFigure> figures = storage_.Status();
    figures.insert(figures.end(), info.figures.begin(), info.figures.end());
    size_t rules = 0;
    size_t alerts = 0;
    const std::vector<alerting::GroupStatus> groups = rules_.Status();
    for (const alerting::GroupStatus& group : groups) {
      rules += group.rules.size();
      for (const alerting::RuleStatus& rule : group.rules) alerts += rule.alerts.size();
    }
    const alerting::AlertManager::Stats stats = manager_.GetStats();
    const auto add = [&figures](const char* section, const char* name, auto value) {
      figures.push_back({section, name, fmt::to_string(value)});
    };
    add("rules", "groups", groups.size());
    add("rules", "rules", rules);
    add("rules", "active_alerts", alerts);
    add("alert manager", "alerts", stats.alerts);
    add("alert manager", "groups", stats.groups);
    add("alert manager", "silences", stats.silences);
    add("alert manager", "outbox", stats.outbox);
    add("alert manager", "delivered", stats.delivered);
    add("alert manager", "failed_attempts", stats.failed_attempts);
    return figures;
  }

  const SystemClock clock_;
  const std::function<ProcessInfo()> info_;
  storage::Storage& storage_;
  const alerting::RuleEngine& rules_;
  const alerting::AlertManager& manager_;
  const std::function<absl::Status()> reload_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAlertService(const alerting::RuleEngine* rules,
                                                const alerting::AlertHistory* history) {
  return std::make_unique<AlertService>(rules, history);
}

std::unique_ptr<grpc::Service> MakeAdminService(std::function<ProcessInfo()> info,
                                                storage::Storage* storage,
                                                const alerting::RuleEngine* rules,
                                                const alerting::AlertManager* manager,
                                                std::function<absl::Status()> reload) {
  return std::make_unique<AdminService>(std::move(info), storage, rules, manager,
                                        std::move(reload));
}

}  // namespace vigil::server
