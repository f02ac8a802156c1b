// SPDX-License-Identifier: Apache-2.0
#include "query/promql/series_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/promql/histogram_notation.h"
#include "query/promql/number_literal.h"
#include "query/promql/parser.h"
#include "query/promql/string_literal.h"
#include "storage/model/sample.h"

namespace vigil::promql {
namespace {

using storage::Histogram;

constexpr std::string_view kBlanks = " \t\r\n";

bool IsBlank(char c) { return kBlanks.find(c) != std::string_view::npos; }

// Reads items from the front of the text.
class ValuesReader {
 public:
  explicit ValuesReader(std::string_view text) : text_(text), rest_(text) {}

  absl::StatusOr<std::vector<SeriesValue>> Read() && {
    while (SkipBlanks(), !rest_.empty()) {
      VIGIL_RETURN_IF_ERROR(ReadItem());
      if (!rest_.empty() && !IsBlank(rest_.front())) return Error("expected a blank");
    }
    return std::move(values_);
  }

 private:
  absl::Status Error(std::string_view message) const {
    return absl::InvalidArgumentError(
        fmt::format("series values, byte {}: {}", text_.size() - rest_.size() + 1, message));
  }

  void SkipBlanks() {
    while (!rest_.empty() && IsBlank(rest_.front())) rest_.remove_prefix(1);
  }

  bool TakeIf(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  absl::Status ReadItem() {
    if (TakeIf("stale")) return Append(SeriesValue(storage::StaleNan()), 1);
    if (TakeIf("_")) {
      size_t count = 1;
      if (TakeIf("x")) {
        VIGIL_ASSIGN_OR_RETURN(count, ReadCount());
      }
      return Append(std::nullopt, count);
    }
    return rest_.starts_with("{{") ? ReadHistograms() : ReadNumbers();
  }

  absl::Status ReadNumbers() {
    VIGIL_ASSIGN_OR_RETURN(const double first, ReadNumber());
    double increment = 0;
    const bool changes = rest_.starts_with("+") || rest_.starts_with("-");
    if (changes) {
      VIGIL_ASSIGN_OR_RETURN(increment, ReadNumber());
    }
    if (!TakeIf("x")) return changes ? Error("expected \"x\"") : Append(SeriesValue(first), 1);
    VIGIL_ASSIGN_OR_RETURN(const size_t count, ReadCount());
    VIGIL_RETURN_IF_ERROR(Charge(count + 1));
    double value = first;
    for (size_t i = 0; i <= count; ++i) {
      values_.emplace_back(value);
      value += increment;
    }
    return absl::OkStatus();
  }

  absl::Status ReadHistograms() {
    VIGIL_ASSIGN_OR_RETURN(Histogram value, ReadHistogram());
    const bool falls = rest_.starts_with("-{{");
    const bool changes = falls || rest_.starts_with("+{{");
    Histogram increment;
    if (changes) {
      rest_.remove_prefix(1);
      VIGIL_ASSIGN_OR_RETURN(increment, ReadHistogram());
    }
    size_t count = 0;
    if (TakeIf("x")) {
      VIGIL_ASSIGN_OR_RETURN(count, ReadCount());
    } else if (changes) {
      return Error("expected \"x\"");
    }
    if (!changes) return Append(std::make_shared<const Histogram>(std::move(value)), count + 1);
    VIGIL_RETURN_IF_ERROR(Append(std::make_shared<const Histogram>(value), 1));
    for (size_t i = 0; i < count; ++i) {
      const absl::Status added = AddHistogram(increment, falls ? -1 : 1, &value);
      if (!added.ok()) return Error(MessageOf(added));
      VIGIL_RETURN_IF_ERROR(Charge(value.positive_counts.size() + value.negative_counts.size()));
      VIGIL_RETURN_IF_ERROR(Append(std::make_shared<const Histogram>(value), 1));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<double> ReadNumber() {
    const bool negative = rest_.starts_with("-");
    if (negative || rest_.starts_with("+")) rest_.remove_prefix(1);
    // A second sign: `1+-2x3` falls.
    const bool inverted = TakeIf("-");
    size_t length = 0;
    for (; length < rest_.size(); ++length) {
      const char c = rest_[length];
      const bool exponent_sign = (c == '+' || c == '-') && length > 0 &&
                                 (rest_[length - 1] == 'e' || rest_[length - 1] == 'E');
      if (IsBlank(c) || c == 'x' || ((c == '+' || c == '-') && !exponent_sign)) break;
    }
    const std::optional<double> number = ParseNumber(rest_.substr(0, length));
    if (!number.has_value()) return Error("expected a number, \"_\", \"stale\" or \"{{\"");
    rest_.remove_prefix(length);
    return negative != inverted ? -*number : *number;
  }

  absl::StatusOr<size_t> ReadCount() {
    size_t count = 0;
    const auto result = std::from_chars(rest_.data(), rest_.data() + rest_.size(), count);
    if (result.ec != std::errc()) return Error("expected how often behind \"x\"");
    if (count > kMaxSeriesValues) return Charge(count);
    rest_.remove_prefix(result.ptr - rest_.data());
    return count;
  }

  absl::StatusOr<Histogram> ReadHistogram() {
    const size_t end = rest_.find("}}");
    if (end == std::string_view::npos) return Error("\"{{\" without \"}}\"");
    absl::StatusOr<Histogram> histogram = ParseHistogram(rest_.substr(2, end - 2));
    if (!histogram.ok()) return Error(MessageOf(histogram.status()));
    rest_.remove_prefix(end + 2);
    return histogram;
  }

  // Counts `values` towards the limit.
  absl::Status Charge(size_t values) {
    charged_ += values;
    if (charged_ <= kMaxSeriesValues) return absl::OkStatus();
    return Error(fmt::format("more than {} values", kMaxSeriesValues));
  }

  absl::Status Append(const SeriesValue& value, size_t count) {
    VIGIL_RETURN_IF_ERROR(Charge(count));
    values_.insert(values_.end(), count, value);
    return absl::OkStatus();
  }

  const std::string_view text_;
  std::string_view rest_;
  size_t charged_ = 0;
  std::vector<SeriesValue> values_;
};

// The length of the series at the start of `line`: up to a blank outside of braces, or behind them.
size_t SeriesLength(std::string_view line) {
  size_t at = std::min(line.find_first_of(" \t{"), line.size());
  if (at == line.size() || line[at] != '{') return at;
  while (at < line.size() && line[at] != '}') {
    const bool quote = line[at] == '"' || line[at] == '\'' || line[at] == '`';
    const size_t literal = quote ? StringLiteralLength(line.substr(at)) : 1;
    // A string without end: the parser will say so.
    at = literal == 0 ? line.size() : at + literal;
  }
  return std::min(at + 1, line.size());
}

}  // namespace

absl::StatusOr<std::vector<SeriesValue>> ParseSeriesValues(std::string_view text) {
  return ValuesReader(text).Read();
}

absl::StatusOr<SeriesLine> ParseSeriesLine(std::string_view line) {
  const std::string_view trimmed = Trim(line);
  const size_t length = SeriesLength(trimmed);
  SeriesLine parsed;
  VIGIL_ASSIGN_OR_RETURN(parsed.labels, ParseSeries(trimmed.substr(0, length)));
  VIGIL_ASSIGN_OR_RETURN(parsed.values, ParseSeriesValues(trimmed.substr(length)));
  return parsed;
}

}  // namespace vigil::promql
