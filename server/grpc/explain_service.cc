// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/explain_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "alerting/alert.h"
#include "alerting/explain/wording.h"
#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/explain.grpc.pb.h"
#include "server/grpc/call.h"
#include "server/grpc/convert.h"

namespace vigil::server {
namespace {

using collector::ToGrpcStatus;

constexpr int64_t kNoiseRangeMs = 7 * kMillisPerDay;
// Each evaluates a rule and reads the trail.
constexpr size_t kMaxStories = 100;

void ToMessage(const alerting::FoundAlert& alert, v1::NamedAlert* message) {
  ToMessages(alert.labels, message->mutable_labels());
  message->set_state(alert.state);
  message->set_changed_at_ms(alert.changed_at_ms);
  if (alert.state.empty()) return;
  message->set_fingerprint(alerting::FingerprintText(alerting::Fingerprint(alert.labels)));
}

void ToMessage(const alerting::ExplainAnswer::Told& told, v1::AlertStory* message) {
  ToMessage(told.alert, message->mutable_alert());
  for (const alerting::StoryStep& step : told.story.steps) {
    v1::StoryStep* const added = message->add_steps();
    added->set_time_ms(step.time_ms);
    added->set_kind(step.kind);
    added->set_text(step.text);
  }
  message->set_paged(told.story.verdict.paged);
  message->set_verdict(told.story.verdict.text);
}

void ToMessage(const alerting::RuleNoise& noise, v1::RuleNoise* message) {
  message->set_rule(noise.rule);
  message->set_fired(noise.fired);
  message->set_firing_ms(noise.firing_ms);
  message->set_median_ms(noise.median_ms);
  message->set_notifications(noise.notifications);
  message->set_told(noise.told);
  message->set_silenced(noise.silenced);
  message->set_inhibited(noise.inhibited);
  message->set_muted(noise.muted);
  message->set_short_lived(noise.short_lived);
  message->set_failed(noise.failed);
}

class ExplainService final : public v1::ExplainService::Service {
 public:
  ExplainService(const alerting::RuleEngineOptions& options, const ExplainParts& parts)
      : parts_(parts), explainer_(options, parts.dependencies) {}

  grpc::Status ExplainAlert(grpc::ServerContext* context, const v1::ExplainAlertRequest* request,
                            v1::ExplainAlertResponse* response) override {
    return ToGrpcStatus(Explain(*context, *request, response));
  }

  grpc::Status AlertNoise(grpc::ServerContext* context, const v1::AlertNoiseRequest* request,
                          v1::AlertNoiseResponse* response) override {
    return ToGrpcStatus(CountNoise(*context, *request, response));
  }

 private:
  absl::Status Explain(const grpc::ServerContext& context, const v1::ExplainAlertRequest& request,
                       v1::ExplainAlertResponse* response) {
    VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(context, *parts_.storage));
    VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, Enter(context));
    alerting::ExplainQuestion question;
    question.alert = request.alert();
    question.is_now = request.at_ms() == 0;
    question.at_ms = question.is_now ? parts_.clock->NowMs() : request.at_ms();
    if (request.since_ms() > 0) question.since_ms = request.since_ms();
    question.limit = std::clamp<size_t>(request.limit(), 1, kMaxStories);
    if (tenant != storage::kDefaultTenant) question.other_tenant = TenantName(context);
    question.cancelled = &parts_.gate->closed();
    VIGIL_ASSIGN_OR_RETURN(const alerting::ExplainAnswer answer, explainer_.Explain(question));
    for (const alerting::ExplainAnswer::Told& told : answer.stories) {
      v1::AlertStory* const story = response->add_stories();
      ToMessage(told, story);
      story->set_at_ms(question.at_ms);
    }
    for (const alerting::FoundAlert& other : answer.others) {
      ToMessage(other, response->add_others());
    }
    return absl::OkStatus();
  }

  absl::Status CountNoise(const grpc::ServerContext& context, const v1::AlertNoiseRequest& request,
                          v1::AlertNoiseResponse* response) {
    VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(context, *parts_.storage));
    if (tenant != storage::kDefaultTenant) {
      return absl::FailedPreconditionError(alerting::OtherTenantText(TenantName(context)));
    }
    VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, Enter(context));
    TimeRange range;
    range.end_ms = request.to_ms() == 0 ? parts_.clock->NowMs() : request.to_ms();
    range.start_ms = request.from_ms() == 0 ? std::max<int64_t>(0, range.end_ms - kNoiseRangeMs)
                                            : request.from_ms();
    VIGIL_ASSIGN_OR_RETURN(const alerting::NoiseReport report, explainer_.CountNoise(range));
    const size_t limit = request.limit() == 0 ? report.rules.size() : request.limit();
    for (size_t i = 0; i < std::min(limit, report.rules.size()); ++i) {
      ToMessage(report.rules[i], response->add_rules());
    }
    ToMessage(report.total, response->mutable_total());
    response->set_from_ms(range.start_ms);
    response->set_to_ms(range.end_ms);
    response->set_truncated(limit < report.rules.size());
    return absl::OkStatus();
  }

  absl::StatusOr<QueryGate::Pass> Enter(const grpc::ServerContext& context) {
    return parts_.gate->Enter(context.deadline(), [&context] { return context.IsCancelled(); });
  }

  // As the call names it. Requires: it names one.
  static std::string TenantName(const grpc::ServerContext& context) {
    const auto at = context.client_metadata().find("x-scope-orgid");
    return "tenant " + std::string(at->second.data(), at->second.size());
  }

  const ExplainParts parts_;
  const alerting::Explainer explainer_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeExplainService(const alerting::RuleEngineOptions& options,
                                                  const ExplainParts& parts) {
  return std::make_unique<ExplainService>(options, parts);
}

}  // namespace vigil::server
