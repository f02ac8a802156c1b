// SPDX-License-Identifier: Apache-2.0
//
// The rows in which the manager keeps its state: JSON under "manager/..." keys of Family::kState,
// laid out in docs/format/alert_manager_rows.md. Every row carries its format version, "v".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/manager/alert_store.h"
#include "alerting/manager/budget.h"
#include "alerting/manager/flap_watch.h"
#include "alerting/manager/group.h"
#include "alerting/manager/mute/silence.h"
#include "alerting/manager/outbox.h"

namespace vigil::alerting {

// Prefixes of keys, and what follows them.
inline constexpr std::string_view kAlertRows = "manager/alert/";      // Fingerprint, 16 hex digits.
inline constexpr std::string_view kGroupRows = "manager/group/";      // Group id.
inline constexpr std::string_view kLogRows = "manager/log/";          // Integration::Key.
inline constexpr std::string_view kOutboxRows = "manager/outbox/";    // Integration::Key.
inline constexpr std::string_view kDeadRows = "manager/dead/";        // Integration::Key.
inline constexpr std::string_view kReceiptRows = "manager/receipt/";  // ReceiptKey.
inline constexpr std::string_view kSilenceRows = "manager/silence/";  // Silence id.
inline constexpr std::string_view kFlapRows = "manager/flap/";        // Fingerprint, 16 hex digits.
inline constexpr std::string_view kBudgetRows = "manager/budget/";    // Id of its route.
inline constexpr std::string_view kSequenceRow = "manager/sequence";

std::string AlertKey(uint64_t fingerprint);
std::string FlapKey(uint64_t fingerprint);
std::string RowKey(std::string_view prefix, std::string_view rest);
// Sorts by time.
std::string ReceiptKey(int64_t delivered_at_ms, std::string_view id);

// Proof of a delivery.
struct Receipt {
  Integration integration;
  std::string id;
  int64_t delivered_at_ms = 0;
  int64_t failed_attempts = 0;
  int http_status = 0;
};

// A notification that was given up, and why.
struct DeadLetter {
  OutboxEntry entry;
  std::string reason;
  int64_t at_ms = 0;
};

// Decoding: DataLoss names the field that is wrong, FailedPrecondition a version not known here.
std::string EncodeAlert(const StoredAlert& alert);
absl::StatusOr<StoredAlert> DecodeAlert(std::string_view row);

std::string EncodeGroup(const Group& group);
// Has the id and the timers only.
absl::StatusOr<Group> DecodeGroup(std::string_view id, std::string_view row);

std::string EncodeLogEntry(const LogEntry& entry);
absl::StatusOr<LogEntry> DecodeLogEntry(std::string_view row);

std::string EncodeOutboxEntry(const OutboxEntry& entry);
absl::StatusOr<OutboxEntry> DecodeOutboxEntry(std::string_view row);

std::string EncodeReceipt(const Receipt& receipt);
std::string EncodeDeadLetter(const DeadLetter& letter);
absl::StatusOr<Receipt> DecodeReceipt(std::string_view row);
absl::StatusOr<DeadLetter> DecodeDeadLetter(std::string_view row);
// When the dead letter was put aside.
absl::StatusOr<int64_t> DecodeDeadLetterTime(std::string_view row);

std::string EncodeSilence(const Silence& silence);
absl::StatusOr<Silence> DecodeSilence(std::string_view id, std::string_view row);

std::string EncodeFlaps(const FlapEntry& entry);
absl::StatusOr<FlapEntry> DecodeFlaps(std::string_view row);

std::string EncodeBudget(const Budget& budget);
absl::StatusOr<Budget> DecodeBudget(std::string_view row);

std::string EncodeSequence(uint64_t sequence);
absl::StatusOr<uint64_t> DecodeSequence(std::string_view row);

}  // namespace vigil::alerting
