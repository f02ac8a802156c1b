// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/delivery_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "base/clock.h"
#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/deliveries.grpc.pb.h"

namespace vigil::server {
namespace {

using collector::ToGrpcStatus;

constexpr size_t kDefaultDeliveries = 100;
constexpr size_t kMaxDeliveries = 10'000;  // What one answer holds well.
constexpr int64_t kDefaultTestTimeoutMs = 10 * kMillisPerSecond;
constexpr int64_t kMaxTestTimeoutMs = kMillisPerMinute;

std::string_view StateOf(const alerting::Undelivered& undelivered) {
  if (undelivered.given_up()) return "given up";
  return undelivered.entry.in_flight ? "sending" : "waiting";
}

template <typename Message>
void SetIntegration(const alerting::Integration& integration, Message* message) {
  message->set_receiver(integration.receiver);
  message->set_integration(integration.kind);
  message->set_index(integration.index);
  message->set_group(integration.group_id);
}

void ToMessage(const alerting::Undelivered& undelivered, bool whole, v1::Undelivered* message) {
  const alerting::OutboxEntry& entry = undelivered.entry;
  SetIntegration(entry.integration, message);
  message->set_id(entry.id);
  message->set_state(std::string(StateOf(undelivered)));
  message->set_flushed_at_ms(entry.flushed_at_ms);
  message->set_next_attempt_ms(undelivered.given_up() ? 0 : entry.next_attempt_ms);
  message->set_attempts(entry.attempts);
  message->set_last_error(entry.last_error);
  message->set_reason(undelivered.reason);
  message->set_given_up_at_ms(undelivered.given_up_at_ms);
  if (whole) message->set_notification(entry.body);
}

class DeliveryService final : public v1::DeliveryService::Service {
 public:
  DeliveryService(alerting::AlertManager* manager, std::function<void()> wake)
      : manager_(*manager), wake_(std::move(wake)) {}

  grpc::Status ListUndelivered(grpc::ServerContext*, const v1::ListUndeliveredRequest* request,
                               v1::ListUndeliveredResponse* response) override {
    const absl::StatusOr<std::vector<alerting::Undelivered>> all = manager_.ListUndelivered();
    if (!all.ok()) return ToGrpcStatus(all.status());
    const bool one = !request->id().empty();
    for (const alerting::Undelivered& undelivered : *all) {
      if (one && undelivered.entry.id != request->id()) continue;
      ToMessage(undelivered, one, response->add_notifications());
    }
    if (one && response->notifications().empty()) {
      return ToGrpcStatus(absl::NotFoundError(
          fmt::format("no undelivered notification has the id {}", request->id())));
    }
    return grpc::Status::OK;
  }

  grpc::Status ResendUndelivered(grpc::ServerContext*, const v1::ResendUndeliveredRequest* request,
                                 v1::ResendUndeliveredResponse*) override {
    const absl::Status status = manager_.Resend(request->id(), clock_.NowMs());
    wake_();
    return ToGrpcStatus(status);
  }

  grpc::Status DropUndelivered(grpc::ServerContext*, const v1::DropUndeliveredRequest* request,
                               v1::DropUndeliveredResponse*) override {
    return ToGrpcStatus(manager_.DropUndelivered(request->id()));
  }

  grpc::Status ListDeliveries(grpc::ServerContext*, const v1::ListDeliveriesRequest* request,
                              v1::ListDeliveriesResponse* response) override {
    const size_t limit = request->limit() == 0 ? kDefaultDeliveries : request->limit();
    const absl::StatusOr<std::vector<alerting::Receipt>> receipts =
        manager_.ListDeliveries(std::min(limit, kMaxDeliveries));
    if (!receipts.ok()) return ToGrpcStatus(receipts.status());
    for (const alerting::Receipt& receipt : *receipts) {
      v1::DeliveryReceipt* const message = response->add_deliveries();
      SetIntegration(receipt.integration, message);
      message->set_id(receipt.id);
      message->set_delivered_at_ms(receipt.delivered_at_ms);
      message->set_attempts(receipt.failed_attempts + 1);
      message->set_status(receipt.http_status);
    }
    return grpc::Status::OK;
  }

  grpc::Status TestReceivers(grpc::ServerContext*, const v1::TestReceiversRequest* request,
                             v1::TestReceiversResponse* response) override {
    int64_t timeout_ms = request->timeout_ms();
    if (timeout_ms <= 0) timeout_ms = kDefaultTestTimeoutMs;
    const absl::StatusOr<std::vector<alerting::TrialAnswer>> answers = manager_.TryReceivers(
        request->receiver(), clock_.NowMs(), std::min(timeout_ms, kMaxTestTimeoutMs));
    if (!answers.ok()) return ToGrpcStatus(answers.status());
    for (const alerting::TrialAnswer& answer : *answers) {
      v1::TestAnswer* const message = response->add_answers();
      message->set_receiver(answer.receiver);
      message->set_integration(answer.kind);
      message->set_index(answer.index);
      message->set_delivered(answer.outcome.delivered);
      message->set_status(answer.outcome.http_status);
      message->set_error(answer.outcome.error);
      message->set_took_ms(answer.took_ms);
    }
    return grpc::Status::OK;
  }

 private:
  const SystemClock clock_;
  alerting::AlertManager& manager_;
  const std::function<void()> wake_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeDeliveryService(alerting::AlertManager* manager,
                                                   std::function<void()> wake) {
  return std::make_unique<DeliveryService>(manager, std::move(wake));
}

}  // namespace vigil::server
