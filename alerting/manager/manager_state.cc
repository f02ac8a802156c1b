// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/manager_state.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using storage::Durability;
using storage::Family;
using storage::KeyRange;
using storage::WriteBatch;

// What a rewrite replaces. Receipts, dead letters and the trail are records: they are only ever
// added.
constexpr std::string_view kReplacedRows[] = {kAlertRows,   kGroupRows, kLogRows,   kOutboxRows,
                                              kSilenceRows, kFlapRows,  kBudgetRows};

KeyRange RangeOf(std::string_view prefix) {
  return {std::string(prefix), storage::PrefixEnd(prefix)};
}

// Hands every row under `prefix` to `take(rest of the key, row)`. Rows that are damaged are logged
// and passed over; one of a later format fails: an older program must not take its place.
absl::Status ForEachRow(
    storage::KeyValueStore* store, std::string_view prefix,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view row)> take) {
  return storage::ForEach(
      *store, Family::kState, RangeOf(prefix), [&](std::string_view key, std::string_view row) {
        const absl::Status status = take(key.substr(prefix.size()), row);
        if (status.code() != absl::StatusCode::kDataLoss) return Annotate(status, key);
        Log(LogLevel::kError, "a row of the alert manager is damaged and was passed over",
            {{"key", key}, {"error", MessageOf(status)}});
        return absl::OkStatus();
      });
}

// Whether a batch only moves timers on, and says so. Should power loss take that back, a group is
// flushed once more than needed and finds that everybody knows.
bool OnlyMovesTimers(const WriteBatch& batch) {
  return std::all_of(batch.entries().begin(), batch.entries().end(), [](const auto& entry) {
    return entry.kind == WriteBatch::Kind::kPut &&
           (entry.key.starts_with(kGroupRows) || entry.key.starts_with(kTrailRows));
  });
}

bool IsRecord(std::string_view key) {
  return key.starts_with(kReceiptRows) || key.starts_with(kDeadRows) || key.starts_with(kTrailRows);
}

}  // namespace

absl::Status ManagerState::Load() {
  VIGIL_RETURN_IF_ERROR(LoadAlerts());
  VIGIL_RETURN_IF_ERROR(LoadGroups());
  VIGIL_RETURN_IF_ERROR(LoadLog());
  VIGIL_RETURN_IF_ERROR(LoadOutbox());
  VIGIL_RETURN_IF_ERROR(LoadFlaps());
  VIGIL_RETURN_IF_ERROR(LoadBudgets());
  VIGIL_RETURN_IF_ERROR(LoadSilences());
  VIGIL_RETURN_IF_ERROR(trail_.Load(store_));
  return LoadSequence();
}

absl::Status ManagerState::LoadAlerts() {
  return ForEachRow(store_, kAlertRows, [&](std::string_view, std::string_view row) {
    VIGIL_ASSIGN_OR_RETURN(StoredAlert alert, DecodeAlert(row));
    alerts.Restore(std::move(alert));
    return absl::OkStatus();
  });
}

absl::Status ManagerState::LoadGroups() {
  return ForEachRow(store_, kGroupRows, [&](std::string_view id, std::string_view row) {
    VIGIL_ASSIGN_OR_RETURN(Group group, DecodeGroup(id, row));
    groups.Add(std::move(group));
    return absl::OkStatus();
  });
}

absl::Status ManagerState::LoadLog() {
  return ForEachRow(store_, kLogRows, [&](std::string_view, std::string_view row) {
    VIGIL_ASSIGN_OR_RETURN(LogEntry entry, DecodeLogEntry(row));
    log.Put(std::move(entry));
    return absl::OkStatus();
  });
}

absl::Status ManagerState::LoadOutbox() {
  return ForEachRow(store_, kOutboxRows, [&](std::string_view, std::string_view row) {
    VIGIL_ASSIGN_OR_RETURN(OutboxEntry entry, DecodeOutboxEntry(row));
    outbox.Put(std::move(entry));
    return absl::OkStatus();
  });
}

absl::Status ManagerState::LoadSilences() {
  return ForEachRow(store_, kSilenceRows, [&](std::string_view id, std::string_view row) {
    VIGIL_ASSIGN_OR_RETURN(Silence silence, DecodeSilence(id, row));
    silences.Restore(std::move(silence));
    return absl::OkStatus();
  });
}

absl::Status ManagerState::LoadFlaps() {
  return ForEachRow(store_, kFlapRows, [&](std::string_view key, std::string_view row) {
    VIGIL_ASSIGN_OR_RETURN(FlapEntry entry, DecodeFlaps(row));
    uint64_t fingerprint = 0;
    const auto end = std::from_chars(key.data(), key.data() + key.size(), fingerprint, 16).ptr;
    if (end != key.data() + key.size()) return absl::DataLossError("key: not a fingerprint");
    flaps.Restore(fingerprint, std::move(entry));
    return absl::OkStatus();
  });
}

absl::Status ManagerState::LoadBudgets() {
  return ForEachRow(store_, kBudgetRows, [&](std::string_view id, std::string_view row) {
    VIGIL_ASSIGN_OR_RETURN(budgets[std::string(id)], DecodeBudget(row));
    return absl::OkStatus();
  });
}

absl::Status ManagerState::LoadSequence() {
  return ForEachRow(store_, kSequenceRow, [&](std::string_view, std::string_view row) {
    VIGIL_ASSIGN_OR_RETURN(sequence_, DecodeSequence(row));
    return absl::OkStatus();
  });
}

void ManagerState::WriteAlert(StoredAlert* alert, WriteBatch* batch) {
  batch->Put(Family::kState, AlertKey(alert->fingerprint), EncodeAlert(*alert));
  alert->maybe_unwritten = false;
}

void ManagerState::WriteGroup(Group* group, WriteBatch* batch) {
  batch->Put(Family::kState, RowKey(kGroupRows, group->id), EncodeGroup(*group));
  group->stored_tick_ms = group->tick_ms;
}

void ManagerState::WriteOutboxEntry(const OutboxEntry& entry) {
  batch_.Put(Family::kState, RowKey(kOutboxRows, entry.integration.Key()),
             EncodeOutboxEntry(entry));
}

void ManagerState::WriteSilence(std::string_view id) {
  batch_.Put(Family::kState, RowKey(kSilenceRows, id), EncodeSilence(*silences.Find(id)));
}

void ManagerState::WriteReceipt(const Receipt& receipt) {
  batch_.Put(Family::kState, ReceiptKey(receipt.delivered_at_ms, receipt.id),
             EncodeReceipt(receipt));
}

const FlapEntry* ManagerState::FindFlapping(const StoredAlert& alert, int64_t now_ms) const {
  const FlapEntry* const entry = flaps.Find(alert.fingerprint);
  return entry != nullptr && entry->FlapsAt(alert.alert.ends_at_ms, now_ms) ? entry : nullptr;
}

std::optional<int64_t> ManagerState::HeldUntil(const Route& route, std::string_view group_id,
                                               int64_t now_ms) const {
  const auto budget = budgets.find(route.budget_id);
  if (budget == budgets.end() || !budget->second.Holds(group_id)) return std::nullopt;
  return budget->second.FreeAt(route.notification_budget, now_ms);
}

void ManagerState::WriteFlaps(uint64_t fingerprint, WriteBatch* batch) const {
  const FlapEntry* const entry = flaps.Find(fingerprint);
  if (entry != nullptr) batch->Put(Family::kState, FlapKey(fingerprint), EncodeFlaps(*entry));
}

Budget* ManagerState::ChangeBudget(const std::string& id) {
  changed_budgets_.insert(id);
  return &budgets[id];
}

void ManagerState::RemoveBudget(const std::string& id) {
  changed_budgets_.insert(id);
  budgets.erase(id);
}

// Once for all that happened to a budget: its row names every group that it holds.
void ManagerState::WriteBudgets() {
  for (const std::string& id : changed_budgets_) {
    const auto at = budgets.find(id);
    if (at == budgets.end() || at->second.empty()) {
      batch_.Delete(Family::kState, RowKey(kBudgetRows, id));
    } else {
      batch_.Put(Family::kState, RowKey(kBudgetRows, id), EncodeBudget(at->second));
    }
  }
  changed_budgets_.clear();
}

void ManagerState::PutLogEntry(LogEntry entry) {
  batch_.Put(Family::kState, RowKey(kLogRows, entry.integration.Key()), EncodeLogEntry(entry));
  log.Put(std::move(entry));
}

OutboxEntry* ManagerState::PutOutboxEntry(OutboxEntry entry) {
  WriteOutboxEntry(entry);
  return outbox.Put(std::move(entry));
}

void ManagerState::RemoveOutboxEntry(const std::string& key) {
  if (outbox.Find(key) == nullptr) return;
  batch_.Delete(Family::kState, RowKey(kOutboxRows, key));
  outbox.Remove(key);
}

void ManagerState::Bury(const OutboxEntry& entry, std::string_view reason, int64_t now_ms,
                        int status) {
  const std::string key = entry.integration.Key();
  Log(LogLevel::kWarning, "a notification was given up",
      {{"receiver", entry.integration.receiver},
       {"group", entry.integration.group_id},
       {"reason", reason}});
  batch_.Put(Family::kState, RowKey(kDeadRows, key),
             EncodeDeadLetter({entry, std::string(reason), now_ms}));
  Note(TrailAttempt{.time_ms = now_ms,
                    .integration = entry.integration,
                    .notification_id = entry.id,
                    .status = status,
                    .given_up = std::string(reason)});
  RemoveOutboxEntry(key);
}

void ManagerState::RemoveDeadLetter(const std::string& key) {
  batch_.Delete(Family::kState, RowKey(kDeadRows, key));
}

void ManagerState::RemoveGroup(const std::string& id) {
  batch_.Delete(Family::kState, RowKey(kGroupRows, id));
  groups.Remove(id);
}

void ManagerState::LeaveGroup(StoredAlert* alert, const std::string& group_id) {
  alert->groups.erase(group_id);
  if (alert->groups.empty()) {
    batch_.Delete(Family::kState, AlertKey(alert->fingerprint));
    alert->maybe_unwritten = false;
  } else {
    WriteAlert(alert);
  }
}

uint64_t ManagerState::NextSequence() {
  batch_.Put(Family::kState, std::string(kSequenceRow), EncodeSequence(++sequence_));
  return sequence_;
}

bool ManagerState::Collect(int64_t now_ms) {
  alerts.Collect(now_ms);
  for (const std::string& key : log.Collect(now_ms)) {
    batch_.Delete(Family::kState, RowKey(kLogRows, key));
  }
  for (const std::string& id : silences.Collect(now_ms)) {
    batch_.Delete(Family::kState, RowKey(kSilenceRows, id));
  }
  for (const uint64_t fingerprint : flaps.Collect(now_ms)) {
    batch_.Delete(Family::kState, FlapKey(fingerprint));
  }
  const bool receipts_left = CollectReceipts(now_ms);
  const bool letters_left = CollectDeadLetters(now_ms);
  return receipts_left || letters_left || !alerts.alerts().empty() || !log.entries().empty() ||
         !silences.silences().empty() || !flaps.entries().empty();
}

bool ManagerState::CollectReceipts(int64_t now_ms) {
  const std::string cutoff = ReceiptKey(std::max<int64_t>(now_ms - kRetentionMs, 0), "");
  const auto at = store_->NewIterator(Family::kState, RangeOf(kReceiptRows));
  at->Seek(kReceiptRows);
  if (at->Valid() && at->key() < cutoff) {
    batch_.DeleteRange(Family::kState, std::string(kReceiptRows), cutoff);
  }
  at->Seek(cutoff);
  return at->Valid();
}

bool ManagerState::CollectDeadLetters(int64_t now_ms) {
  bool left = false;
  const absl::Status status =
      ForEachRow(store_, kDeadRows, [&](std::string_view key, std::string_view row) {
        VIGIL_ASSIGN_OR_RETURN(const int64_t time_ms, DecodeDeadLetterTime(row));
        if (time_ms < now_ms - kRetentionMs) {
          batch_.Delete(Family::kState, RowKey(kDeadRows, key));
        } else {
          left = true;
        }
        return absl::OkStatus();
      });
  if (!status.ok()) {
    Log(LogLevel::kError, "cannot look for old dead letters", {{"error", MessageOf(status)}});
  }
  return left;
}

void ManagerState::PrepareRewrite() {
  WriteBatch whole;
  for (const std::string_view prefix : kReplacedRows) {
    whole.DeleteRange(Family::kState, std::string(prefix), storage::PrefixEnd(prefix));
  }
  for (const WriteBatch::Entry& entry : batch_.entries()) {
    const bool is_put = entry.kind == WriteBatch::Kind::kPut;
    if (is_put && IsRecord(entry.key)) whole.Put(entry.family, entry.key, entry.value);
  }
  batch_ = std::move(whole);
  for (auto& [fingerprint, alert] : alerts.alerts()) {
    if (!alert.groups.empty()) WriteAlert(&alert);
  }
  for (auto& [id, group] : groups.groups()) WriteGroup(&group);
  for (const auto& [key, entry] : log.entries()) {
    batch_.Put(Family::kState, RowKey(kLogRows, key), EncodeLogEntry(entry));
  }
  for (const auto& [key, entry] : outbox.entries()) WriteOutboxEntry(entry);
  for (const auto& [id, silence] : silences.silences()) WriteSilence(id);
  for (const auto& [fingerprint, entry] : flaps.entries()) WriteFlaps(fingerprint);
  for (const auto& [id, budget] : budgets) changed_budgets_.insert(id);
  WriteBudgets();
  batch_.Put(Family::kState, std::string(kSequenceRow), EncodeSequence(sequence_));
}

absl::Status ManagerState::Commit() {
  if (rewrite_) PrepareRewrite();
  WriteBudgets();
  if (batch_.empty()) return absl::OkStatus();
  const Durability durability = OnlyMovesTimers(batch_) ? Durability::kNoSync : Durability::kSync;
  absl::Status status = store_->Write(batch_, durability);
  rewrite_ = !status.ok();
  if (status.ok()) batch_.Clear();
  return status;
}

}  // namespace vigil::alerting
