// SPDX-License-Identifier: Apache-2.0
#include "server/api/series_api.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/api/query_json.h"
#include "storage/series/labels.h"

namespace vigil::server {
namespace {

constexpr std::string_view kValuesSuffix = "/values";
constexpr std::string_view kEscapePrefix = "U__";
constexpr uint32_t kMaxCodePoint = 0x10FFFF;

// Look-ups with more may take long whatever they find.
constexpr size_t kQuickSelectors = 16;
constexpr size_t kQuickFormBytes = 16 << 10;

template <typename T>
void SortUnique(std::vector<T>* list) {
  // What one selector found is in order already.
  if (!std::is_sorted(list->begin(), list->end())) std::sort(list->begin(), list->end());
  list->erase(std::unique(list->begin(), list->end()), list->end());
}

// What requests for names and values have in common.
struct Lookup {
  size_t limit = 0;
  TimeRange range;
  std::vector<Selector> selectors;

  bool IsEmpty() const { return range.start_ms > range.end_ms; }
};

absl::StatusOr<Lookup> ReadLookup(const ApiParams& params) {
  Lookup lookup;
  VIGIL_ASSIGN_OR_RETURN(lookup.limit, LimitParameter(params));
  VIGIL_ASSIGN_OR_RETURN(lookup.range, OptionalRange(params));
  VIGIL_ASSIGN_OR_RETURN(lookup.selectors, ParseSelectors(params));
  return lookup;
}

// Looks that may take long wait for their turn like queries; the others must not wait.
struct Access {
  std::unique_ptr<storage::MetricQuerier> querier;
  QueryGate::Pass pass;
};

absl::StatusOr<Access> Enter(const ApiParts& parts, const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(parts, request));
  if (request.in_place) return Access{parts.storage->NewMetricQuerier(tenant), {}};
  VIGIL_ASSIGN_OR_RETURN(QueryGate::Pass pass,
                         EnterGate(parts, request, parts.engine->options().timeout_ms));
  return Access{parts.storage->NewMetricQuerier(tenant), std::move(pass)};
}

HttpResponse ToResponse(std::vector<std::string> texts, size_t limit) {
  ApiNotes notes;
  if (Truncate(limit, &texts)) notes.warnings.emplace_back(kTruncatedWarning);
  return Success(
      [&texts](JsonWriter& json) {
        json.BeginArray();
        for (const std::string& text : texts) json.Text(text);
        json.EndArray();
      },
      notes);
}

// The union of what `ask` gives for each selector, or for none if there is none.
template <typename Ask>
absl::StatusOr<HttpResponse> CollectTexts(const ApiParts& parts, const HttpRequest& request,
                                          Lookup lookup, const Ask& ask) {
  VIGIL_RETURN_IF_ERROR(CheckSelective(lookup.selectors));
  if (lookup.IsEmpty()) return ToResponse({}, lookup.limit);
  VIGIL_ASSIGN_OR_RETURN(const Access access, Enter(parts, request));
  const bool is_union = lookup.selectors.size() > 1;
  if (lookup.selectors.empty()) lookup.selectors.emplace_back();
  std::vector<std::string> all;
  for (const Selector& selector : lookup.selectors) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<std::string> some,
                           ask(*access.querier, selector, lookup.range));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  if (is_union) SortUnique(&all);
  return ToResponse(std::move(all), lookup.limit);
}

void AppendUtf8(uint32_t code, std::string* text) {
  const auto add = [text](uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  const auto add_tail = [&](int shift) { add(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add_tail(6);
  } else {
    add(0xF0 | code >> 18);
    add_tail(12);
    add_tail(6);
  }
  add_tail(0);
}

// Appends the character of "2e_" and takes it off `rest`. False if that is not what is there.
bool UnescapeCharacter(std::string_view* rest, std::string* name) {
  const size_t end = rest->find('_');
  uint32_t code = 0;
  if (end == std::string_view::npos || end == 0 || end > 6) return false;
  const auto parsed = std::from_chars(rest->data(), rest->data() + end, code, 16);
  if (parsed.ptr != rest->data() + end || parsed.ec != std::errc()) return false;
  if (code > kMaxCodePoint || (code >= 0xD800 && code <= 0xDFFF)) return false;
  AppendUtf8(code, name);
  rest->remove_prefix(end + 1);
  return true;
}

}  // namespace

std::string UnescapeLabelName(std::string_view escaped) {
  if (!escaped.starts_with(kEscapePrefix)) return std::string(escaped);
  std::string name;
  for (std::string_view rest = escaped.substr(kEscapePrefix.size()); !rest.empty();) {
    const char c = rest[0];
    rest.remove_prefix(1);
    if (c != '_') {
      name.push_back(c);
    } else if (rest.starts_with('_')) {
      name.push_back('_');
      rest.remove_prefix(1);
    } else if (!UnescapeCharacter(&rest, &name)) {
      return std::string(escaped);
    }
  }
  return name;
}

bool IsQuickLookup(const ApiParts& parts, const HttpRequest& request, uint64_t most_series) {
  if (request.body.size() > kQuickFormBytes) return false;
  const absl::StatusOr<Lookup> lookup = ReadLookup(ApiParams(request));
  const absl::StatusOr<storage::TenantId> tenant = TenantOf(parts, request);
  // Mistakes are quickly told.
  if (!lookup.ok() || !tenant.ok() || lookup->IsEmpty()) return true;
  if (lookup->selectors.empty() || lookup->selectors.size() > kQuickSelectors) return false;
  const auto querier = parts.storage->NewMetricQuerier(*tenant);
  uint64_t series = 0;
  for (const Selector& selector : lookup->selectors) {
    const std::optional<uint64_t> most = querier->SeriesAtMost(selector, lookup->range);
    if (!most.has_value()) return false;
    series += *most;
  }
  return series <= most_series;
}

absl::StatusOr<HttpResponse> ListSeries(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  if (!params.Has("match[]")) {
    return absl::InvalidArgumentError("no match[] parameter provided");
  }
  // Here mistakes in selectors are told with the parameter's name.
  VIGIL_RETURN_IF_ERROR(AboutParameter("match[]", ParseSelectors(params).status()));
  VIGIL_ASSIGN_OR_RETURN(const Lookup lookup, ReadLookup(params));
  VIGIL_RETURN_IF_ERROR(AboutParameter("match[]", CheckSelective(lookup.selectors)));
  std::vector<storage::Labels> found;
  if (!lookup.IsEmpty()) {
    VIGIL_ASSIGN_OR_RETURN(const Access access, Enter(parts, request));
    for (const Selector& selector : lookup.selectors) {
      VIGIL_ASSIGN_OR_RETURN(std::vector<storage::SeriesHandle> series,
                             access.querier->Select(selector, lookup.range));
      found.reserve(found.size() + series.size());
      for (storage::SeriesHandle& handle : series) found.push_back(std::move(handle.labels));
    }
  }
  SortUnique(&found);
  ApiNotes notes;
  if (Truncate(lookup.limit, &found)) notes.warnings.emplace_back(kTruncatedWarning);
  return LabelsResponse(std::move(found), std::move(notes));
}

absl::StatusOr<HttpResponse> ListLabelNames(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  VIGIL_ASSIGN_OR_RETURN(Lookup lookup, ReadLookup(params));
  return CollectTexts(parts, request, std::move(lookup),
                      [](storage::MetricQuerier& querier, const Selector& selector,
                         const TimeRange& range) { return querier.LabelNames(selector, range); });
}

absl::StatusOr<HttpResponse> ListLabelValues(const ApiParts& parts, const HttpRequest& request) {
  std::string_view escaped = request.path;
  escaped.remove_prefix(std::min(kLabelPrefix.size(), escaped.size()));
  if (!escaped.ends_with(kValuesSuffix)) {
    return absl::NotFoundError(fmt::format("no such path: {}", request.path));
  }
  escaped.remove_suffix(kValuesSuffix.size());
  if (escaped.empty() || escaped.find('/') != std::string_view::npos) {
    return absl::NotFoundError(fmt::format("no such path: {}", request.path));
  }
  const std::string name = UnescapeLabelName(escaped);
  if (name.empty() || !IsValidUtf8(name)) {
    return absl::InvalidArgumentError(fmt::format("invalid label name: {}", storage::Quote(name)));
  }
  const ApiParams params(request);
  VIGIL_ASSIGN_OR_RETURN(Lookup lookup, ReadLookup(params));
  return CollectTexts(
      parts, request, std::move(lookup),
      [&name](storage::MetricQuerier& querier, const Selector& selector, const TimeRange& range) {
        return querier.LabelValues(name, selector, range);
      });
}

}  // namespace vigil::server
