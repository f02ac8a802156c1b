// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/sample_labels.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/status.h"
#include "collector/exposition/line_reader.h"

namespace vigil::collector {
namespace {

using storage::Label;
using storage::Labels;
using storage::LabelsBuilder;
using storage::LabelView;

// Of labels that are named in a message, what is shown.
constexpr size_t kShownBytes = 256;

bool IsLegacyName(std::string_view name, bool colons) {
  const auto fine = [colons](char c) { return IsNameCharacter(c) && (colons || c != ':'); };
  return !name.empty() && IsNameStart(name[0]) && std::all_of(name.begin(), name.end(), fine);
}

std::string Shown(const Labels& labels) { return labels.ToString().substr(0, kShownBytes); }

LabelsBuilder WithTargetLabels(bool honor_labels, const Labels& target,
                               const std::vector<Label>& exposed) {
  LabelsBuilder labels;
  for (const Label& label : exposed) labels.Set(label.name, label.value);
  const auto exposes = [&exposed](std::string_view name) {
    return std::any_of(exposed.begin(), exposed.end(),
                       [name](const Label& label) { return label.name == name; });
  };
  std::vector<Label> displaced;
  for (const LabelView& label : target) {
    // Also if it is exposed as empty: so an endpoint can tell that it speaks for others.
    if (honor_labels && exposes(label.name)) continue;
    const std::string_view before = labels.Get(label.name);
    if (!before.empty()) displaced.push_back({std::string(label.name), std::string(before)});
    labels.Set(label.name, label.value);
  }
  std::stable_sort(displaced.begin(), displaced.end(),
                   [](const Label& a, const Label& b) { return a.name.size() < b.name.size(); });
  for (const Label& label : displaced) {
    std::string name = fmt::format("exported_{}", label.name);
    while (!labels.Get(name).empty()) name.insert(0, "exported_");
    labels.Set(name, label.value);
  }
  return labels;
}

absl::Status CheckLabels(const ScrapeConfig& config, const Labels& labels) {
  if (labels.MetricName().empty()) {
    return absl::InvalidArgumentError(
        fmt::format("relabelling leaves no metric name: {}", Shown(labels)));
  }
  const ScrapeLimits& limits = config.limits;
  if (limits.labels != 0 && labels.size() > limits.labels) {
    return absl::ResourceExhaustedError(
        fmt::format("label_limit exceeded: {} has {} labels, at most {} are allowed", Shown(labels),
                    labels.size(), limits.labels));
  }
  for (const LabelView& label : labels) {
    const bool is_metric = label.name == storage::kMetricName;
    if (limits.label_name_bytes != 0 && label.name.size() > limits.label_name_bytes) {
      return absl::ResourceExhaustedError(
          fmt::format("label_name_length_limit exceeded: {} has the label {} of {} bytes, at most "
                      "{} are allowed",
                      Shown(labels), label.name, label.name.size(), limits.label_name_bytes));
    }
    if (limits.label_value_bytes != 0 && label.value.size() > limits.label_value_bytes) {
      return absl::ResourceExhaustedError(
          fmt::format("label_value_length_limit exceeded: {} has a value of {} bytes in {}, at "
                      "most {} are allowed",
                      Shown(labels), label.value.size(), label.name, limits.label_value_bytes));
    }
    const bool fine = is_metric ? IsLegacyName(label.value, true) : IsLegacyName(label.name, false);
    if (config.legacy_names && !fine) {
      return absl::InvalidArgumentError(fmt::format(
          "{} has a name that metric_name_validation_scheme legacy does not allow", Shown(labels)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Labels> SampleLabels(const ScrapeConfig& config, const Labels& target,
                                    const std::vector<Label>& exposed) {
  LabelsBuilder builder = WithTargetLabels(config.honor_labels, target, exposed);
  if (!storage::Relabel(config.metric_relabel, &builder)) return Labels();
  Labels labels = builder.Build();
  if (!labels.empty()) VIGIL_RETURN_IF_ERROR(CheckLabels(config, labels));
  return labels;
}

}  // namespace vigil::collector
