// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/delivery_records.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::alerting {
namespace {

using storage::Family;
using storage::KeyRange;

KeyRange RangeOf(std::string_view prefix) {
  return {std::string(prefix), storage::PrefixEnd(prefix)};
}

}  // namespace

absl::StatusOr<std::vector<Undelivered>> ReadDeadLetters(storage::KeyValueStore* store) {
  std::vector<Undelivered> letters;
  VIGIL_RETURN_IF_ERROR(storage::ForEach(
      *store, Family::kState, RangeOf(kDeadRows), [&](std::string_view, std::string_view row) {
        absl::StatusOr<DeadLetter> letter = DecodeDeadLetter(row);
        if (letter.ok()) {
          letters.push_back({std::move(letter->entry), std::move(letter->reason), letter->at_ms});
        }
        return absl::OkStatus();
      }));
  std::stable_sort(letters.begin(), letters.end(), [](const auto& left, const auto& right) {
    return left.given_up_at_ms > right.given_up_at_ms;
  });
  return letters;
}

absl::StatusOr<Undelivered> FindDeadLetter(storage::KeyValueStore* store, std::string_view id) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<Undelivered> letters, ReadDeadLetters(store));
  for (Undelivered& letter : letters) {
    if (letter.entry.id == id) return std::move(letter);
  }
  return absl::NotFoundError(fmt::format("no notification of the id {} was given up", id));
}

absl::StatusOr<std::vector<Receipt>> ReadReceipts(storage::KeyValueStore* store, size_t limit) {
  std::vector<Receipt> receipts;
  const auto at = store->NewIterator(Family::kState, RangeOf(kReceiptRows));
  for (at->SeekToLast(); at->Valid() && receipts.size() < limit; at->Prev()) {
    absl::StatusOr<Receipt> receipt = DecodeReceipt(at->value());
    if (receipt.ok()) receipts.push_back(*std::move(receipt));
  }
  VIGIL_RETURN_IF_ERROR(at->status());
  return receipts;
}

}  // namespace vigil::alerting
