// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/courier.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "alerting/manager/stages.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Receivers' words that are kept for people to read.
constexpr size_t kMaxErrorBytes = 1024;

Counter& SentCounter() {
  static Counter& counter =
      GetCounter("alertmanager_notifications_total", "Notifications that were begun to be sent.",
                 "integration=\"webhook\"");
  return counter;
}

Counter& FailedCounter(const DeliveryOutcome& outcome) {
  static constexpr char kName[] = "alertmanager_notifications_failed_total";
  static constexpr char kHelp[] = "Attempts to deliver a notification that failed.";
  static Counter& client =
      GetCounter(kName, kHelp, "integration=\"webhook\",reason=\"clientError\"");
  static Counter& server =
      GetCounter(kName, kHelp, "integration=\"webhook\",reason=\"serverError\"");
  static Counter& other = GetCounter(kName, kHelp, "integration=\"webhook\",reason=\"other\"");
  if (outcome.http_status >= 500) return server;
  return outcome.http_status >= 400 ? client : other;
}

std::string ErrorText(const DeliveryOutcome& outcome) {
  return ReplaceInvalidUtf8(std::string_view(outcome.error).substr(0, kMaxErrorBytes));
}

}  // namespace

void EndingList::Add(Ending ending) {
  MutexLock lock(&mutex_);
  endings_.push_back(std::move(ending));
}

std::vector<Ending> EndingList::TakeAll() {
  MutexLock lock(&mutex_);
  return std::exchange(endings_, {});
}

bool EndingList::empty() const {
  MutexLock lock(&mutex_);
  return endings_.empty();
}

void Courier::GiveUpOverdue(int64_t now_ms) {
  for (OutboxEntry* const entry : state_->outbox.TakeDue(now_ms)) {
    if (entry->deadline_ms > now_ms) {
      state_->outbox.Reschedule(*entry);
      continue;
    }
    state_->Bury(OutboxEntry(*entry),
                 fmt::format("not delivered in time, after {} attempts: {}", entry->attempts,
                             entry->last_error),
                 now_ms);
  }
}

std::vector<Parcel> Courier::TakeDue(int64_t now_ms) {
  std::vector<Parcel> parcels;
  for (OutboxEntry* const entry : state_->outbox.TakeDue(now_ms)) {
    entry->in_flight = true;
    ++in_flight_;
    SentCounter().Add();
    parcels.push_back({entry->integration.Key(), entry->sequence, entry->integration.receiver,
                       MakeDelivery(*entry)});
  }
  return parcels;
}

void Courier::PutBack(const std::vector<Parcel>& parcels) {
  for (const Parcel& parcel : parcels) {
    --in_flight_;
    OutboxEntry* const entry = state_->outbox.Find(parcel.key);
    if (entry == nullptr) continue;
    entry->in_flight = false;
    state_->outbox.Reschedule(*entry);
  }
}

// The address and its secrets are those of the current configuration; they are never stored. An
// entry's group and webhook are there: others were buried when the configuration came.
Delivery Courier::MakeDelivery(const OutboxEntry& entry) const {
  const Receiver* const receiver = dispatcher_->config().FindReceiver(entry.integration.receiver);
  const WebhookConfig& webhook = receiver->webhooks[entry.integration.index];
  const Group* const group = state_->groups.Find(entry.integration.group_id);
  Delivery delivery;
  delivery.url = webhook.url;
  delivery.body = entry.body;
  delivery.headers = webhook.headers;
  delivery.headers.push_back("Content-Type: application/json");
  delivery.headers.push_back(fmt::format("X-Vigil-Notification-Id: {}", entry.id));
  delivery.timeout_ms = webhook.timeout_ms != 0
                            ? webhook.timeout_ms
                            : std::max(group->route->group_interval_ms, kMinPatienceMs);
  return delivery;
}

void Courier::TakeEnding(const Ending& ending, int64_t now_ms) {
  --in_flight_;
  const DeliveryOutcome& outcome = ending.outcome;
  if (!outcome.delivered) {
    ++failed_attempts_;
    FailedCounter(outcome).Add();
  }
  OutboxEntry* const entry = state_->outbox.Find(ending.key);
  // A new configuration may have buried it meanwhile.
  if (entry == nullptr || entry->sequence != ending.sequence) return;
  const Integration integration = entry->integration;
  entry->in_flight = false;
  if (outcome.delivered) {
    Deliver(*entry, outcome.http_status, now_ms);
  } else {
    ++entry->attempts;
    entry->last_error = ErrorText(outcome);
    if (outcome.retryable) {
      Retry(entry, now_ms);
    } else {
      state_->Bury(OutboxEntry(*entry), entry->last_error, now_ms);
    }
  }
  dispatcher_->DeliveryEnded(integration, outcome.delivered, now_ms);
}

void Courier::Deliver(const OutboxEntry& entry, int http_status, int64_t now_ms) {
  ++delivered_;
  const Group* const group = state_->groups.Find(entry.integration.group_id);
  state_->PutLogEntry(
      MakeLogEntry(entry.integration, entry.told, now_ms, group->route->repeat_interval_ms));
  state_->WriteReceipt({entry.integration, entry.id, now_ms, entry.attempts, http_status});
  state_->RemoveOutboxEntry(entry.integration.Key());
}

void Courier::Retry(OutboxEntry* entry, int64_t now_ms) {
  const int64_t next_ms = now_ms + BackoffMs(entry->attempts, random_());
  // At the deadline at the latest, to be given up then.
  entry->next_attempt_ms = std::max(now_ms, std::min(next_ms, entry->deadline_ms));
  state_->outbox.Reschedule(*entry);
  state_->WriteOutboxEntry(*entry);
  Log(LogLevel::kWarning, "a notification could not be delivered and will be tried again",
      {{"receiver", entry->integration.receiver},
       {"id", entry->id},
       {"attempts", entry->attempts},
       {"error", entry->last_error}});
}

}  // namespace vigil::alerting
