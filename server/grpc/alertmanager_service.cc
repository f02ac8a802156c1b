// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/alertmanager_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "alerting/manager/matcher_parser.h"
#include "alerting/manager/mute/muter.h"
#include "alerting/manager/route_explain.h"
#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/alertmanager.grpc.pb.h"

namespace vigil::server {
namespace {

using alerting::ManagerConfig;
using alerting::RouteOutcome;
using alerting::RouteStep;
using alerting::SilenceState;
using storage::Matcher;

absl::StatusOr<std::vector<Matcher>> ReadMatchers(
    const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::vector<Matcher> matchers;
  for (const std::string& text : texts) {
    VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<Matcher> parsed, alerting::ParseMatchers(text),
                                fmt::format("bad matcher \"{}\"", text));
    for (Matcher& matcher : parsed) matchers.push_back(std::move(matcher));
  }
  return matchers;
}

template <typename Texts>
void AddTexts(const Texts& texts, google::protobuf::RepeatedPtrField<std::string>* messages) {
  for (const std::string& text : texts) *messages->Add() = text;
}

void ToMessage(const alerting::Silence& silence, int64_t now_ms, v1::Silence* message) {
  message->set_id(silence.id);
  for (const Matcher& matcher : silence.matchers) {
    message->add_matchers(alerting::MatcherText(matcher));
  }
  message->set_starts_at_ms(silence.starts_at_ms);
  message->set_ends_at_ms(silence.ends_at_ms);
  message->set_updated_at_ms(silence.updated_at_ms);
  message->set_created_by(silence.created_by);
  message->set_comment(silence.comment);
  for (const auto& [name, value] : silence.annotations) {
    (*message->mutable_annotations())[name] = value;
  }
  message->set_state(std::string(SilenceStateName(silence.StateAt(now_ms))));
}

absl::StatusOr<alerting::Silence> FromMessage(const v1::Silence& message, int64_t now_ms) {
  alerting::Silence silence;
  silence.id = message.id();
  VIGIL_ASSIGN_OR_RETURN(silence.matchers, ReadMatchers(message.matchers()));
  silence.starts_at_ms = message.starts_at_ms() == 0 ? now_ms : message.starts_at_ms();
  silence.ends_at_ms = message.ends_at_ms();
  silence.created_by = message.created_by();
  silence.comment = message.comment();
  silence.annotations = {message.annotations().begin(), message.annotations().end()};
  return silence;
}

void ToMessage(const RouteStep& step, v1::RouteStep* message) {
  const alerting::Route& route = *step.route;
  message->set_depth(static_cast<uint32_t>(step.depth));
  message->set_matchers(alerting::MatchersText(route.matchers));
  message->set_receiver(route.receiver);
  if (route.group_by_all) message->add_group_by("...");
  AddTexts(route.group_by, message->mutable_group_by());
  message->set_group_wait_ms(route.group_wait_ms);
  message->set_group_interval_ms(route.group_interval_ms);
  message->set_repeat_interval_ms(route.repeat_interval_ms);
  message->set_continue_matching(route.continue_matching);
  AddTexts(route.mute_time_intervals, message->mutable_mute_time_intervals());
  AddTexts(route.active_time_intervals, message->mutable_active_time_intervals());
  if (const alerting::FlapOptions& flaps = route.flap_detection; flaps.enabled()) {
    v1::FlapDetection* const told = message->mutable_flap_detection();
    told->set_changes(flaps.changes);
    told->set_within_ms(flaps.within_ms);
    told->set_calm_ms(flaps.calm_ms);
  }
  if (const alerting::BudgetOptions& budget = route.notification_budget; budget.enabled()) {
    message->mutable_notification_budget()->set_limit(budget.limit);
    message->mutable_notification_budget()->set_per_ms(budget.per_ms);
  }
}

class AlertmanagerService final : public v1::AlertmanagerService::Service {
 public:
  AlertmanagerService(alerting::AlertManager* manager, const Clock* clock)
      : manager_(*manager), clock_(*clock) {}

  grpc::Status ListSilences(grpc::ServerContext*, const v1::ListSilencesRequest* request,
                            v1::ListSilencesResponse* response) override {
    const absl::StatusOr<std::vector<Matcher>> wanted = ReadMatchers(request->matchers());
    if (!wanted.ok()) return collector::ToGrpcStatus(wanted.status());
    const int64_t now_ms = clock_.NowMs();
    const alerting::SilenceStore store = manager_.Silences();
    const auto is_wanted = [&](const alerting::Silence& silence, SilenceState state) {
      if (state == SilenceState::kExpired && !request->with_expired()) return false;
      return silence.HasMatchers(*wanted);
    };
    for (const alerting::Silence* silence : SortedSilences(store, is_wanted, now_ms)) {
      ToMessage(*silence, now_ms, response->add_silences());
    }
    return grpc::Status::OK;
  }

  grpc::Status SetSilence(grpc::ServerContext*, const v1::SetSilenceRequest* request,
                          v1::SetSilenceResponse* response) override {
    const int64_t now_ms = clock_.NowMs();
    absl::StatusOr<alerting::Silence> silence = FromMessage(request->silence(), now_ms);
    if (!silence.ok()) return collector::ToGrpcStatus(silence.status());
    absl::StatusOr<std::string> id = manager_.SetSilence(*std::move(silence), now_ms);
    if (!id.ok()) return collector::ToGrpcStatus(id.status());
    response->set_id(*std::move(id));
    return grpc::Status::OK;
  }

  grpc::Status ExpireSilence(grpc::ServerContext*, const v1::ExpireSilenceRequest* request,
                             v1::ExpireSilenceResponse*) override {
    return collector::ToGrpcStatus(manager_.ExpireSilence(request->id(), clock_.NowMs()));
  }

  grpc::Status ExplainRoutes(grpc::ServerContext*, const v1::ExplainRoutesRequest* request,
                             v1::ExplainRoutesResponse* response) override {
    const std::shared_ptr<const ManagerConfig> config = manager_.config();
    const int64_t now_ms = clock_.NowMs();
    storage::LabelsBuilder builder;
    for (const v1::Label& label : request->labels()) builder.Set(label.name(), label.value());
    const storage::Labels labels = builder.Build();
    *response = ExplainRoutesOf(*config, labels, now_ms);
    if (labels.empty()) return grpc::Status::OK;
    const alerting::AlertView preview = manager_.Preview(labels, now_ms);
    AddTexts(preview.silenced_by, response->mutable_silenced_by());
    for (const uint64_t fingerprint : preview.inhibited_by) {
      response->add_inhibited_by(fmt::format("{:016x}", fingerprint));
    }
    return grpc::Status::OK;
  }

 private:
  alerting::AlertManager& manager_;
  const Clock& clock_;
};

}  // namespace

v1::ExplainRoutesResponse ExplainRoutesOf(const ManagerConfig& config,
                                          const storage::Labels& labels, int64_t now_ms) {
  v1::ExplainRoutesResponse response;
  const std::vector<RouteStep> steps = labels.empty()
                                           ? alerting::ListRoutes(config.route)
                                           : alerting::ExplainRoutes(config.route, labels);
  for (const RouteStep& step : steps) {
    v1::RouteStep* const message = response.add_steps();
    ToMessage(step, message);
    if (labels.empty()) continue;
    message->set_outcome(std::string(RouteOutcomeName(step.outcome)));
    message->set_why(step.why);
    if (step.outcome != RouteOutcome::kTaken) continue;
    message->set_group(alerting::GroupName(step.route->key, GroupLabels(*step.route, labels)));
    AddTexts(alerting::IntervalsMuting(config, *step.route, now_ms), message->mutable_muted_by());
  }
  return response;
}

std::unique_ptr<grpc::Service> MakeAlertmanagerService(alerting::AlertManager* manager,
                                                       const Clock* clock) {
  return std::make_unique<AlertmanagerService>(manager, clock);
}

}  // namespace vigil::server
