// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/courier.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "alerting/manager/stages.h"
#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Receivers' words that are kept for people to read.
constexpr size_t kMaxErrorBytes = 1024;
// However long a receiver asks to be left alone: it may be mistaken.
constexpr int64_t kMaxRetryAfterMs = kMillisPerHour;

// For how long what is sent again is tried at least.
constexpr int64_t kMinResendMs = kMillisPerHour;

std::string ErrorText(const DeliveryOutcome& outcome) {
  return ReplaceInvalidUtf8(std::string_view(outcome.error).substr(0, kMaxErrorBytes));
}

std::string LaneName(const Integration& integration) {
  return fmt::format("{}/{}/{}", integration.receiver, integration.kind, integration.index);
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

absl::StatusOr<Delivery> MakeDelivery(const Parcel& parcel) {
  VIGIL_ASSIGN_OR_RETURN(Delivery delivery,
                         parcel.channel->MakeDelivery(parcel.notification, parcel.context));
  delivery.headers.push_back(fmt::format("X-Vigil-Notification-Id: {}", parcel.context.id));
  delivery.timeout_ms = parcel.timeout_ms;
  delivery.http = parcel.channel->settings().http;
  return delivery;
}

DeliveryOutcome NotMade(const absl::Status& status) {
  // A template that fails goes on failing; a file may be there the next time.
  const bool hopeless = status.code() == absl::StatusCode::kInvalidArgument ||
                        status.code() == absl::StatusCode::kResourceExhausted ||
                        status.code() == absl::StatusCode::kDataLoss;
  return {.retryable = !hopeless, .error = std::string(MessageOf(status))};
}

void Courier::GiveUpOverdue(int64_t now_ms) {
  for (OutboxEntry* const entry : state_->outbox.TakeDue(now_ms)) {
    if (entry->deadline_ms > now_ms) {
      state_->outbox.Reschedule(*entry);
      continue;
    }
    metrics_.CountGivenUp(entry->integration.kind, 0);
    state_->Bury(OutboxEntry(*entry),
                 fmt::format("not delivered in time, after {} attempts: {}", entry->attempts,
                             entry->last_error),
                 now_ms);
  }
}

std::vector<Parcel> Courier::TakeDue(int64_t now_ms) {
  std::vector<OutboxEntry*> due = state_->outbox.TakeDue(now_ms);
  // What was decided on first goes first, above all after an outage.
  std::sort(due.begin(), due.end(), [](const OutboxEntry* left, const OutboxEntry* right) {
    return left->sequence < right->sequence;
  });
  std::vector<Parcel> parcels;
  for (OutboxEntry* const entry : due) {
    std::string name = LaneName(entry->integration);
    Lane& lane = lanes_[name];
    if (!lane.Admits(now_ms)) {
      HoldBack(entry, &lane, now_ms);
      continue;
    }
    entry->in_flight = true;
    ++in_flight_;
    if (entry->attempts == 0) metrics_.CountNotification(entry->integration.kind);
    metrics_.CountAttempt(entry->integration.kind);
    flights_[entry->sequence] = {name, entry->integration.kind, lane.Begin()};
    parcels.push_back(Pack(*entry, std::move(name), now_ms));
  }
  return parcels;
}

void Courier::HoldBack(OutboxEntry* entry, Lane* lane, int64_t now_ms) {
  const int64_t retry_at_ms = std::min(lane->RetryAt(now_ms), entry->deadline_ms);
  if (retry_at_ms <= now_ms) return lane->Hold(entry->integration.Key());
  entry->next_attempt_ms = retry_at_ms;
  state_->outbox.Reschedule(*entry);
}

// An entry's channel is there: others were buried when the configuration came.
Parcel Courier::Pack(const OutboxEntry& entry, std::string lane, int64_t now_ms) const {
  const Integration& integration = entry.integration;
  const Receiver* const receiver = dispatcher_->config().FindReceiver(integration.receiver);
  Parcel parcel;
  parcel.key = integration.Key();
  parcel.sequence = entry.sequence;
  parcel.lane = std::move(lane);
  parcel.channel = receiver->channels[receiver->PlaceOf(integration.kind, integration.index)];
  parcel.notification = entry.body;
  parcel.context.id = entry.id;
  parcel.context.now_ms = now_ms;
  const LogEntry* const last = state_->log.Find(parcel.key, now_ms);
  if (last != nullptr) parcel.context.receiver_data = last->receiver_data;
  parcel.timeout_ms = parcel.channel->settings().timeout_ms;
  if (parcel.timeout_ms == 0) {
    // What is sent again may be of a group that is no more.
    const Route* const route = dispatcher_->RouteOf(integration);
    parcel.timeout_ms = std::max(route == nullptr ? 0 : route->group_interval_ms, kMinPatienceMs);
  }
  return parcel;
}

void Courier::PutBack(const std::vector<Parcel>& parcels) {
  for (const Parcel& parcel : parcels) {
    --in_flight_;
    Lane& lane = lanes_[parcel.lane];
    lane.PutBack();
    flights_.erase(parcel.sequence);
    OutboxEntry* const entry = state_->outbox.Find(parcel.key);
    if (entry == nullptr) continue;
    entry->in_flight = false;
    state_->outbox.Reschedule(*entry);
  }
}

int64_t Courier::EndFlight(const Ending& ending, int64_t attempts, int64_t now_ms) {
  const auto at = flights_.find(ending.sequence);
  if (at == flights_.end()) return 0;
  const Flight flight = std::move(at->second);
  flights_.erase(at);
  const DeliveryOutcome& outcome = ending.outcome;
  metrics_.CountAttemptEnd(flight.kind, outcome, ending.took_ms);
  Lane& lane = lanes_[flight.lane];
  int64_t wait_ms = 0;
  if (outcome.delivered) {
    lane.Delivered();
  } else if (!outcome.retryable) {
    lane.Refused();
  } else {
    lane.Failed(flight.round);
    const int64_t in_a_row = lane.open() ? std::max(attempts, lane.failures()) : attempts;
    wait_ms = BackoffMs(in_a_row, random_());
    if (outcome.retry_after_ms > 0) {
      wait_ms = std::max(wait_ms, std::min(outcome.retry_after_ms, kMaxRetryAfterMs));
      lane.PauseUntil(now_ms + wait_ms);
    } else if (lane.open()) {
      lane.PauseUntil(now_ms + wait_ms);
    }
  }
  Release(&lane, now_ms);
  metrics_.SetOpenBreakers(std::count_if(lanes_.begin(), lanes_.end(),
                                         [](const auto& entry) { return entry.second.open(); }));
  return wait_ms;
}

// What waited for the delivery looks again.
void Courier::Release(Lane* lane, int64_t now_ms) {
  for (const std::string& key : lane->TakeHeld()) {
    OutboxEntry* const entry = state_->outbox.Find(key);
    if (entry == nullptr || entry->in_flight) continue;
    entry->next_attempt_ms = now_ms;
    state_->outbox.Reschedule(*entry);
  }
}

void Courier::TakeEnding(const Ending& ending, int64_t now_ms) {
  --in_flight_;
  const DeliveryOutcome& outcome = ending.outcome;
  if (!outcome.delivered) ++failed_attempts_;
  OutboxEntry* const found = state_->outbox.Find(ending.key);
  // A new configuration may have buried it meanwhile.
  OutboxEntry* const entry =
      found != nullptr && found->sequence == ending.sequence ? found : nullptr;
  if (entry != nullptr) {
    entry->in_flight = false;
    if (!outcome.delivered) ++entry->attempts;
  }
  const int64_t wait_ms = EndFlight(ending, entry == nullptr ? 1 : entry->attempts, now_ms);
  if (entry == nullptr) return;
  const Integration integration = entry->integration;
  const std::map<std::string, AlertSets> covers = entry->covers;
  if (outcome.delivered) {
    Deliver(*entry, outcome, now_ms);
  } else {
    entry->last_error = ErrorText(outcome);
    if (outcome.retryable) {
      Retry(entry, wait_ms, now_ms);
      NoteAttempt(*entry, outcome, now_ms);
    } else {
      metrics_.CountGivenUp(integration.kind, outcome.http_status);
      state_->Bury(OutboxEntry(*entry), entry->last_error, now_ms, outcome.http_status);
    }
  }
  if (!covers.empty()) {
    return dispatcher_->DigestEnded(integration, covers, outcome.delivered, now_ms);
  }
  dispatcher_->DeliveryEnded(integration, outcome.delivered, now_ms);
}

void Courier::Deliver(const OutboxEntry& entry, const DeliveryOutcome& outcome, int64_t now_ms) {
  ++delivered_;
  NoteCovered(entry, now_ms);
  const Group* const group = state_->groups.Find(entry.integration.group_id);
  const LogEntry* const last = state_->log.Find(entry.integration.Key(), now_ms);
  // What is sent again may be older than what was told since.
  const bool news = last == nullptr || last->timestamp_ms <= entry.flushed_at_ms;
  if (group != nullptr && news) {
    LogEntry told =
        MakeLogEntry(entry.integration, entry.told, now_ms, group->route->repeat_interval_ms);
    told.receiver_data = outcome.receiver_data;
    state_->PutLogEntry(std::move(told));
  }
  NoteAttempt(entry, outcome, now_ms);
  state_->WriteReceipt({entry.integration, entry.id, now_ms, entry.attempts, outcome.http_status});
  state_->RemoveOutboxEntry(entry.integration.Key());
}

// What a digest told of each group. Its message is of none of them: threads of theirs go on.
void Courier::NoteCovered(const OutboxEntry& digest, int64_t now_ms) {
  for (const auto& [group_id, told] : digest.covers) {
    const Group* const group = state_->groups.Find(group_id);
    Integration integration = digest.integration;
    integration.group_id = group_id;
    const LogEntry* const last = state_->log.Find(integration.Key(), now_ms);
    if (group == nullptr || (last != nullptr && last->timestamp_ms > digest.flushed_at_ms))
      continue;
    LogEntry entry = MakeLogEntry(integration, told, now_ms, group->route->repeat_interval_ms);
    if (last != nullptr) entry.receiver_data = last->receiver_data;
    state_->PutLogEntry(std::move(entry));
  }
}

void Courier::Retry(OutboxEntry* entry, int64_t wait_ms, int64_t now_ms) {
  // At the deadline at the latest, to be given up then.
  entry->next_attempt_ms = std::max(now_ms, std::min(now_ms + wait_ms, entry->deadline_ms));
  state_->outbox.Reschedule(*entry);
  state_->WriteOutboxEntry(*entry);
  Log(LogLevel::kWarning, "a notification could not be delivered and will be tried again",
      {{"receiver", entry->integration.receiver},
       {"integration", entry->integration.kind},
       {"id", entry->id},
       {"attempts", entry->attempts},
       {"error", entry->last_error}});
}

void Courier::NoteAttempt(const OutboxEntry& entry, const DeliveryOutcome& outcome,
                          int64_t now_ms) {
  TrailAttempt attempt;
  attempt.time_ms = now_ms;
  attempt.integration = entry.integration;
  attempt.notification_id = entry.id;
  attempt.status = outcome.http_status;
  attempt.delivered = outcome.delivered;
  if (!outcome.delivered) {
    attempt.error = entry.last_error;
    attempt.retry_at_ms = entry.next_attempt_ms;
  }
  state_->Note(attempt);
}

bool Courier::IsBreakerOpen(const Integration& integration) const {
  const auto at = lanes_.find(LaneName(integration));
  return at != lanes_.end() && at->second.open();
}

absl::Status Courier::Resend(OutboxEntry entry, int64_t now_ms) {
  const Integration& integration = entry.integration;
  const Receiver* const receiver = dispatcher_->config().FindReceiver(integration.receiver);
  if (receiver == nullptr || receiver->PlaceOf(integration.kind, integration.index) < 0) {
    return absl::FailedPreconditionError(
        fmt::format("the configuration no longer has {}", LaneName(integration)));
  }
  const std::string key = integration.Key();
  if (state_->outbox.Find(key) != nullptr) {
    return absl::FailedPreconditionError("something newer for its group is on its way already");
  }
  const Route* const route = dispatcher_->RouteOf(integration);
  entry.attempts = 0;
  entry.next_attempt_ms = now_ms;
  entry.deadline_ms =
      now_ms + std::max(route == nullptr ? 0 : route->repeat_interval_ms, kMinResendMs);
  lanes_[LaneName(integration)].EndPause();
  state_->RemoveDeadLetter(key);
  state_->PutOutboxEntry(std::move(entry));
  return absl::OkStatus();
}

void Courier::TryNow(OutboxEntry* entry, int64_t now_ms) {
  if (entry->in_flight) return;
  // The pause would put it off again.
  lanes_[LaneName(entry->integration)].EndPause();
  entry->next_attempt_ms = now_ms;
  state_->outbox.Reschedule(*entry);
}

}  // namespace vigil::alerting
