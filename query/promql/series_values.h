// SPDX-License-Identifier: Apache-2.0
//
// The notation in which tests write the samples of a series, one per step:
//
//   1 2.5 NaN      numbers           _ _x3          no sample, three times no sample
//   1+2x3          1 3 5 7           stale          the end of the series
//   5-1x2          5 4 3             7x2            7 7 7
//   {{schema:1 sum:3 count:4 z_bucket:1 z_bucket_w:0.1 buckets:[1 2] offset:-1 n_buckets:[1]
//     n_offset:0 counter_reset_hint:gauge custom_values:[1 2]}}   a histogram; takes x, + and - too
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/model/histogram.h"
#include "storage/series/labels.h"

namespace vigil::promql {

// The sample at one step, or none.
using SeriesValue = std::optional<std::variant<double, std::shared_ptr<const storage::Histogram>>>;

// One text may stand for at most so many values, where each bucket of a histogram counts as one: a
// small text can ask for a lot.
inline constexpr size_t kMaxSeriesValues = 1'000'000;

// InvalidArgument names the byte where the text is wrong.
absl::StatusOr<std::vector<SeriesValue>> ParseSeriesValues(std::string_view text);

struct SeriesLine {
  storage::Labels labels;
  std::vector<SeriesValue> values;
};

// A series and its values, separated by blanks: `http_requests{job="a"} 1+1x10`.
absl::StatusOr<SeriesLine> ParseSeriesLine(std::string_view line);

}  // namespace vigil::promql
