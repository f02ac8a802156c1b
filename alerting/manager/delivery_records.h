// SPDX-License-Identifier: Apache-2.0
//
// What became of notifications, for people to read: those that did not arrive, and receipts of
// those that did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/manager/outbox.h"
#include "alerting/manager/state_rows.h"
#include "storage/kv/kv_store.h"

namespace vigil::alerting {

// A notification that has not arrived.
struct Undelivered {
  OutboxEntry entry;
  std::string reason;          // Why it was given up.
  int64_t given_up_at_ms = 0;  // 0: it still waits.

  bool given_up() const { return given_up_at_ms != 0; }
};

// Those that were given up, the latest first. Rows that are damaged are passed over.
absl::StatusOr<std::vector<Undelivered>> ReadDeadLetters(storage::KeyValueStore* store);
// The one of that id; NotFound if there is none.
absl::StatusOr<Undelivered> FindDeadLetter(storage::KeyValueStore* store, std::string_view id);

// The latest `limit` deliveries, the latest first.
absl::StatusOr<std::vector<Receipt>> ReadReceipts(storage::KeyValueStore* store, size_t limit);

}  // namespace vigil::alerting
