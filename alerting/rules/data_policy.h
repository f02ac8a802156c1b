// SPDX-License-Identifier: Apache-2.0
//
// What a rule remembers of its data, so that it can tell when some of them are missing: the label
// sets that it has had data about, and how many series it reads. Kept over restarts.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include "storage/series/labels.h"

namespace vigil::alerting {

// Label sets with data at one time: an alert's labels, but for its level, to the element's.
using PresentSeries = absl::flat_hash_map<storage::Labels, storage::Labels>;

// More label sets are not remembered: each may become an alert.
inline constexpr size_t kMaxSeenSeries = 100'000;

// The label sets that data were there about.
class SeenSeries {
 public:
  struct Entry {
    storage::Labels element;
    int64_t missing_since_ms = 0;  // 0: there.
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // Notes what is there at `time_ms`, and forgets what has been missing for `forget_ms`. True if
  // anything changed.
  bool Update(const PresentSeries& present, int64_t time_ms, int64_t forget_ms);

  const std::map<storage::Labels, Entry>& entries() const { return entries_; }
  void Restore(storage::Labels alert, Entry entry) {
    entries_[std::move(alert)] = std::move(entry);
  }

 private:
  std::map<storage::Labels, Entry> entries_;
};

// The most series that there were within a window that ends now.
class SeriesPeak {
 public:
  // True if the peak changed.
  bool Update(int64_t count, int64_t time_ms, int64_t window_ms);

  int64_t peak() const { return counts_.empty() ? 0 : counts_.front().second; }
  int64_t peak_at_ms() const { return counts_.empty() ? 0 : counts_.front().first; }
  void Restore(int64_t peak, int64_t at_ms) { counts_ = {{at_ms, peak}}; }

 private:
  // Times ascend, counts descend: each is the most since the time of the one before it.
  std::deque<std::pair<int64_t, int64_t>> counts_;
};

// Both, as JSON for the rule's state row; DataLoss when `json` is no such text.
std::string EncodeDataState(const SeenSeries& seen, const SeriesPeak& peak);
absl::Status DecodeDataState(std::string_view json, SeenSeries* seen, SeriesPeak* peak);

}  // namespace vigil::alerting
