// SPDX-License-Identifier: Apache-2.0
#include "alerting/history/alert_history.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "alerting/history/history_rows.h"
#include "base/log.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

template <typename T>
bool IsWanted(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool IsWanted(const HistoryQuery& query, const AlertEvent& event) {
  if (!IsWanted(query.changes, event.change) || !IsWanted(query.rules, event.rule)) return false;
  return query.selectors.empty() ||
         std::any_of(query.selectors.begin(), query.selectors.end(),
                     [&event](const auto& matchers) {
                       return storage::MatchesAll(matchers, event.labels);
                     });
}

}  // namespace

void AlertHistory::Record(AlertEvent event, storage::WriteBatch* batch) {
  batch->Put(storage::Family::kState, HistoryKey(event), EncodeAlertEvent(event));
}

absl::StatusOr<HistoryAnswer> AlertHistory::Read(const HistoryQuery& query) const {
  HistoryAnswer answer;
  if (query.range.end_ms < query.range.start_ms) return answer;
  const std::unique_ptr<storage::KeyValueIterator> rows = store_.NewIterator(
      storage::Family::kState, HistoryKeys(query.range.start_ms, query.range.end_ms));
  for (rows->SeekToLast(); rows->Valid(); rows->Prev()) {
    absl::StatusOr<AlertEvent> event = DecodeAlertEvent(rows->key(), rows->value());
    if (!event.ok()) {
      Log(LogLevel::kError, "alert history is not readable",
          {{"key", rows->key()}, {"error", MessageOf(event.status())}});
      continue;
    }
    if (!IsWanted(query, *event)) continue;
    if (query.limit != 0 && answer.events.size() == query.limit) {
      answer.truncated = true;
      break;
    }
    answer.events.push_back(*std::move(event));
  }
  VIGIL_RETURN_IF_ERROR_WITH(rows->status(), "reading alert history");
  return answer;
}

absl::Status AlertHistory::DropOld(int64_t now_ms) {
  if (retention_ms_ == 0 || now_ms <= retention_ms_) return absl::OkStatus();
  const storage::KeyRange old = HistoryKeys(0, now_ms - retention_ms_ - 1);
  const std::unique_ptr<storage::KeyValueIterator> rows =
      store_.NewIterator(storage::Family::kState, old);
  rows->Seek(old.lower);
  if (!rows->Valid()) return rows->status();
  return store_.DropRange(storage::Family::kState, old.lower, old.upper);
}

}  // namespace vigil::alerting
