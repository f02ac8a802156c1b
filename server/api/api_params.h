// SPDX-License-Identifier: Apache-2.0
//
// Parameters of the Prometheus API: where they stand in a request, and how times, durations, limits
// and selectors are written. Errors are InvalidArgument and read as Prometheus words them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "base/duration.h"
#include "server/http/http_types.h"
#include "storage/series/matcher.h"

namespace vigil::server {

// Those of a form in the body, then those of the URL. Borrows from the request.
class ApiParams {
 public:
  explicit ApiParams(const HttpRequest& request);

  // The first value of a parameter, "" if it is not there.
  std::string_view First(std::string_view name) const;
  std::vector<std::string_view> All(std::string_view name) const;
  bool Has(std::string_view name) const;

 private:
  const HttpRequest& request_;
  std::vector<std::pair<std::string, std::string>> form_;
};

// Unix seconds with a fraction, or RFC 3339. Milliseconds.
absl::StatusOr<int64_t> ParseApiTime(std::string_view text);
// Seconds with a fraction, or a duration such as 1h30m. Nanoseconds.
absl::StatusOr<int64_t> ParseApiDuration(std::string_view text);

// A time that must be there, and one that need not be.
absl::StatusOr<int64_t> TimeParameter(const ApiParams& params, std::string_view name);
absl::StatusOr<int64_t> OptionalTimeParameter(const ApiParams& params, std::string_view name,
                                              int64_t fallback_ms);
// `start` and `end`, either of which may be left open. May be empty.
absl::StatusOr<TimeRange> OptionalRange(const ApiParams& params);

// `limit`: at least 0, which stands for none and is what an absent one gives.
absl::StatusOr<size_t> LimitParameter(const ApiParams& params);

// A number as Go's strconv.Atoi takes it, whose errors are told.
absl::StatusOr<int64_t> ParseGoInt(std::string_view text, std::string_view function = "Atoi");

// As Go's strconv.ParseBool: 1, t, T, true, TRUE, True and their opposites. Its words for what is
// none.
absl::StatusOr<bool> ParseGoBool(std::string_view text);

using Selector = std::vector<storage::Matcher>;
// The values of `match[]`.
absl::StatusOr<std::vector<Selector>> ParseSelectors(const ApiParams& params);
// InvalidArgument when one of them may match every series.
absl::Status CheckSelective(const std::vector<Selector>& selectors);

// `list` cut to `limit` (0: none). Whether there was more.
template <typename T>
bool Truncate(size_t limit, std::vector<T>* list) {
  if (limit == 0 || list->size() <= limit) return false;
  list->resize(limit);
  return true;
}

}  // namespace vigil::server
