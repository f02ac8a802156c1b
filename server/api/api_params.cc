// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_params.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/promql/parser.h"
#include "server/api/api_response.h"
#include "storage/series/labels.h"

namespace vigil::server {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";
// Both ends of int64, which as a double is one too many.
constexpr double kInt64Bound = 9223372036854775808.0;

bool CarriesForm(const HttpRequest& request) {
  if (request.method != "POST" && request.method != "PUT") return false;
  const std::string_view type = request.Header("content-type");
  return ToLower(Trim(type.substr(0, type.find(';')))) == kForm;
}

const std::string* FindFirst(const Pairs& pairs, std::string_view name) {
  for (const auto& [parameter, value] : pairs) {
    if (parameter == name) return &value;
  }
  return nullptr;
}

absl::Status NotATime(std::string_view text) {
  return absl::InvalidArgumentError(
      fmt::format("cannot parse {} to a valid timestamp", storage::Quote(text)));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether `text` has digits where `layout` has a 'd', and its other characters.
bool HasLayout(std::string_view text, std::string_view layout) {
  return std::equal(text.begin(), text.end(), layout.begin(), layout.end(),
                    [](char c, char place) { return place == 'd' ? IsDigit(c) : c == place; });
}

// Whether `text` is laid out as RFC 3339 is, at which the lenient parser below may look.
bool LooksLikeRfc3339(std::string_view text) {
  constexpr std::string_view kLayout = "dddd-dd-ddTdd:dd:dd";
  constexpr size_t kSeconds = kLayout.size() - 2;
  if (!HasLayout(text.substr(0, kLayout.size()), kLayout)) return false;
  if (text[kSeconds] > '5') return false;  // There are no leap seconds.
  std::string_view rest = text.substr(kLayout.size());
  if (rest.starts_with('.')) {
    const auto end = std::find_if_not(rest.begin() + 1, rest.end(), IsDigit);
    if (end == rest.begin() + 1) return false;
    rest.remove_prefix(static_cast<size_t>(end - rest.begin()));
  }
  return rest == "Z" || HasLayout(rest, "+dd:dd") || HasLayout(rest, "-dd:dd");
}

bool ParseDecimal(std::string_view text, double* number) {
  return text.find_first_of("xX") == std::string_view::npos && ParseDouble(text, number);
}

// `a` beyond int64 stops at its end.
int64_t Saturate(double a) {
  if (std::isnan(a)) return 0;
  if (a >= kInt64Bound) return std::numeric_limits<int64_t>::max();
  if (a <= -kInt64Bound) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(a);
}

}  // namespace

ApiParams::ApiParams(const HttpRequest& request) : request_(request) {
  if (CarriesForm(request)) form_ = ParseQueryString(request.body);
}

std::string_view ApiParams::First(std::string_view name) const {
  if (const std::string* const value = FindFirst(form_, name)) return *value;
  return request_.Parameter(name);
}

std::vector<std::string_view> ApiParams::All(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Pairs* const pairs : {&form_, &request_.parameters}) {
    for (const auto& [parameter, value] : *pairs) {
      if (parameter == name) values.push_back(value);
    }
  }
  return values;
}

bool ApiParams::Has(std::string_view name) const { return !All(name).empty(); }

absl::StatusOr<int64_t> ParseApiTime(std::string_view text) {
  double seconds = 0;
  if (ParseDecimal(text, &seconds) && std::isfinite(seconds)) {
    return Saturate(std::round(seconds * kMillisPerSecond));
  }
  if (!LooksLikeRfc3339(text)) return NotATime(text);
  const absl::StatusOr<int64_t> time_ms = ParseInstantMs(text, 0);
  return time_ms.ok() ? time_ms : NotATime(text);
}

absl::StatusOr<int64_t> ParseApiDuration(std::string_view text) {
  const auto wrong = [text](const char* why) {
    return absl::InvalidArgumentError(
        fmt::format("cannot parse {} to a valid duration{}", storage::Quote(text), why));
  };
  constexpr const char* kOverflow = ". It overflows int64";
  constexpr double kNanosPerSecond = 1e9;
  double seconds = 0;
  if (ParseDecimal(text, &seconds)) {
    const double nanos = seconds * kNanosPerSecond;
    if (!(std::fabs(nanos) < kInt64Bound)) return wrong(kOverflow);
    return static_cast<int64_t>(nanos);
  }
  const absl::StatusOr<int64_t> duration_ms = ParseDurationMs(text);
  int64_t nanos = 0;
  if (!duration_ms.ok() || __builtin_mul_overflow(*duration_ms, kNanosPerMilli, &nanos)) {
    return wrong("");
  }
  return nanos;
}

absl::StatusOr<int64_t> TimeParameter(const ApiParams& params, std::string_view name) {
  const absl::StatusOr<int64_t> time_ms = ParseApiTime(params.First(name));
  if (!time_ms.ok()) return AboutParameter(name, time_ms.status());
  return time_ms;
}

absl::StatusOr<int64_t> OptionalTimeParameter(const ApiParams& params, std::string_view name,
                                              int64_t fallback_ms) {
  const std::string_view text = params.First(name);
  if (text.empty()) return fallback_ms;
  const absl::StatusOr<int64_t> time_ms = ParseApiTime(text);
  if (time_ms.ok()) return time_ms;
  return InvalidParameter(
      name, fmt::format("invalid time value for '{}': {}", name, MessageOf(time_ms.status())));
}

absl::StatusOr<TimeRange> OptionalRange(const ApiParams& params) {
  VIGIL_ASSIGN_OR_RETURN(
      const int64_t start_ms,
      OptionalTimeParameter(params, "start", std::numeric_limits<int64_t>::min()));
  VIGIL_ASSIGN_OR_RETURN(const int64_t end_ms,
                         OptionalTimeParameter(params, "end", std::numeric_limits<int64_t>::max()));
  return TimeRange{start_ms, end_ms};
}

absl::StatusOr<int64_t> ParseGoInt(std::string_view text, std::string_view function) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int64_t number = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const auto wrong = [&](const char* why) {
    return absl::InvalidArgumentError(
        fmt::format("strconv.{}: parsing {}: {}", function, storage::Quote(text), why));
  };
  const bool all = result.ptr == digits.data() + digits.size();
  if (all && result.ec == std::errc::result_out_of_range) return wrong("value out of range");
  if (!all || result.ec != std::errc() || (digits != text && digits.starts_with('-'))) {
    return wrong("invalid syntax");
  }
  return number;
}

absl::StatusOr<bool> ParseGoBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return absl::InvalidArgumentError(
      fmt::format("strconv.ParseBool: parsing {}: invalid syntax", storage::Quote(text)));
}

absl::StatusOr<size_t> LimitParameter(const ApiParams& params) {
  const std::string_view text = params.First("limit");
  if (text.empty()) return 0;
  const absl::StatusOr<int64_t> limit = ParseGoInt(text);
  if (!limit.ok()) return AboutParameter("limit", limit.status());
  if (*limit < 0) return InvalidParameter("limit", "limit must be non-negative");
  return static_cast<size_t>(*limit);
}

absl::StatusOr<std::vector<Selector>> ParseSelectors(const ApiParams& params) {
  std::vector<Selector> selectors;
  for (const std::string_view text : params.All("match[]")) {
    VIGIL_ASSIGN_OR_RETURN(Selector selector, promql::ParseSelector(text));
    selectors.push_back(std::move(selector));
  }
  return selectors;
}

absl::Status CheckSelective(const std::vector<Selector>& selectors) {
  for (const Selector& selector : selectors) {
    if (std::all_of(selector.begin(), selector.end(),
                    [](const storage::Matcher& matcher) { return matcher.MatchesEmpty(); })) {
      return absl::InvalidArgumentError("match[] must contain at least one non-empty matcher");
    }
  }
  return absl::OkStatus();
}

}  // namespace vigil::server
