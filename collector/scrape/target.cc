// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/target.h"

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

using storage::Labels;
using storage::LabelsBuilder;
using storage::LabelView;

constexpr std::string_view kSchemeLabel = "__scheme__";
constexpr std::string_view kPathLabel = "__metrics_path__";
constexpr std::string_view kIntervalLabel = "__scrape_interval__";
constexpr std::string_view kTimeoutLabel = "__scrape_timeout__";
constexpr std::string_view kParamPrefix = "__param_";

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

// Percent-encodes what is neither unreserved nor in `allowed`.
std::string Escape(std::string_view text, std::string_view allowed) {
  std::string escaped;
  for (const char c : text) {
    if (IsUnreserved(c) || allowed.find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

std::string EscapeQuery(std::string_view text) {
  std::string escaped;
  for (const std::string_view word : Split(text, ' ')) {
    if (word.data() != text.data()) escaped += '+';
    escaped += Escape(word, "");
  }
  return escaped;
}

// The parameters of the configuration; of each, `__param_<name>` replaces the first value.
std::string QueryOf(const ScrapeConfig& config, const Labels& labels) {
  std::map<std::string, std::vector<std::string>> params;
  for (const auto& [name, values] : config.params) params[name] = values;
  for (const LabelView& label : labels) {
    if (!label.name.starts_with(kParamPrefix)) continue;
    std::vector<std::string>& values = params[std::string(label.name.substr(kParamPrefix.size()))];
    if (values.empty()) values.emplace_back();
    values.front() = label.value;
  }
  std::string query;
  for (const auto& [name, values] : params) {
    for (const std::string& value : values) {
      query +=
          fmt::format("{}{}={}", query.empty() ? '?' : '&', EscapeQuery(name), EscapeQuery(value));
    }
  }
  return query;
}

absl::StatusOr<int64_t> DurationOf(const Labels& labels, std::string_view name) {
  VIGIL_ASSIGN_OR_RETURN_WITH(const int64_t duration_ms,
                              ParseDurationMs(std::string(labels.Get(name))), name);
  if (duration_ms > 0) return duration_ms;
  return absl::InvalidArgumentError(fmt::format("{} must be more than 0", name));
}

std::string UrlOf(const ScrapeConfig& config, const Labels& labels) {
  std::string path(labels.Get(kPathLabel));
  if (!path.empty() && path.front() != '/') path.insert(0, "/");
  return fmt::format("{}://{}{}{}", labels.Get(kSchemeLabel), labels.Get(kAddressLabel),
                     Escape(path, "$&+,/:;=@"), QueryOf(config, labels));
}

// What is wrong with where the target should be, "" if nothing.
std::string PlaceFault(const Labels& labels) {
  const std::string_view address = labels.Get(kAddressLabel);
  if (address.empty()) return "it has no address";
  if (address.find_first_of("/?#@ \t\r\n") != std::string_view::npos) {
    return fmt::format("\"{}\" is not host:port", address);
  }
  const std::string_view scheme = labels.Get(kSchemeLabel);
  if (scheme == "http" || scheme == "https") return "";
  return fmt::format("scheme \"{}\" is neither http nor https", scheme);
}

}  // namespace

Labels DiscoveredLabels(const ScrapeConfig& config, const DiscoveredTarget& found) {
  LabelsBuilder labels;
  labels.Set("job", config.job_name);
  labels.Set(kPathLabel, config.metrics_path);
  labels.Set(kSchemeLabel, config.scheme);
  labels.Set(kIntervalLabel, FormatDurationMs(config.interval_ms));
  labels.Set(kTimeoutLabel, FormatDurationMs(config.timeout_ms));
  for (const auto& [name, values] : config.params) {
    if (!values.empty()) labels.Set(fmt::format("{}{}", kParamPrefix, name), values.front());
  }
  for (const LabelView& label : found) labels.Set(label.name, label.value);
  return labels.Build();
}

absl::StatusOr<std::optional<Target>> ResolveTarget(const ScrapeConfig& config,
                                                    const Labels& discovered) {
  LabelsBuilder builder(discovered);
  if (!storage::Relabel(config.relabel, &builder)) return std::optional<Target>();
  const Labels labels = builder.Build();
  Target target;
  target.discovered_labels = discovered;
  if (std::string fault = PlaceFault(labels); !fault.empty()) {
    return absl::InvalidArgumentError(fault);
  }
  VIGIL_ASSIGN_OR_RETURN(target.interval_ms, DurationOf(labels, kIntervalLabel));
  VIGIL_ASSIGN_OR_RETURN(target.timeout_ms, DurationOf(labels, kTimeoutLabel));
  if (target.timeout_ms > target.interval_ms) {
    return absl::InvalidArgumentError(
        fmt::format("{} is longer than {}", kTimeoutLabel, kIntervalLabel));
  }
  target.address = labels.Get(kAddressLabel);
  target.url = UrlOf(config, labels);
  LabelsBuilder kept;
  kept.Set("instance", target.address);
  for (const LabelView& label : labels) {
    if (!IsValidUtf8(label.value)) {
      return absl::InvalidArgumentError(fmt::format("its label {} is not UTF-8", label.name));
    }
    if (!label.name.starts_with("__")) kept.Set(label.name, label.value);
  }
  target.labels = kept.Build();
  return std::optional<Target>(std::move(target));
}

}  // namespace vigil::collector
