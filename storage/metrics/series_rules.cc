// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_rules.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::storage {
namespace {

// Of a text that is too long, what a message shows.
constexpr size_t kShownBytes = 64;
constexpr size_t kShownSeriesBytes = 256;

// `text` cut to `max_bytes`, not within a character.
std::string_view Cut(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string Show(std::string_view text) {
  const std::string_view shown = Cut(text, kShownBytes);
  return Quote(ReplaceInvalidUtf8(shown)) + (shown.size() < text.size() ? "..." : "");
}

absl::Status CheckLabel(LabelView label, const TenantLimits& limits) {
  if (Exceeds(label.name.size(), limits.max_label_name_bytes)) {
    return absl::InvalidArgumentError(
        fmt::format("label name {} has {} bytes; the limit (limits.max_label_name_bytes) is {}",
                    Show(label.name), label.name.size(), limits.max_label_name_bytes));
  }
  if (!IsValidUtf8(label.name)) {
    return absl::InvalidArgumentError(
        fmt::format("label name {} is not valid UTF-8", Show(label.name)));
  }
  if (Exceeds(label.value.size(), limits.max_label_value_bytes)) {
    return absl::InvalidArgumentError(fmt::format(
        "value {} of label {} has {} bytes; the limit (limits.max_label_value_bytes) is {}",
        Show(label.value), Show(label.name), label.value.size(), limits.max_label_value_bytes));
  }
  if (!IsValidUtf8(label.value)) {
    return absl::InvalidArgumentError(fmt::format("value {} of label {} is not valid UTF-8",
                                                  Show(label.value), Show(label.name)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSeriesLabels(const Labels& labels, const TenantLimits& limits) {
  size_t count = 0;
  bool named = false;
  for (const LabelView& label : labels) {
    VIGIL_RETURN_IF_ERROR(CheckLabel(label, limits));
    named |= label.name == kMetricName;
    ++count;
  }
  if (!named) {
    return absl::InvalidArgumentError(
        fmt::format("series {} has no metric name: label {} is missing",
                    Cut(labels.ToString(), kShownSeriesBytes), kMetricName));
  }
  if (Exceeds(count, limits.max_labels_per_series)) {
    return absl::InvalidArgumentError(fmt::format(
        "a series of metric {} has {} labels; the limit (limits.max_labels_per_series) is {}",
        Show(labels.MetricName()), count, limits.max_labels_per_series));
  }
  return absl::OkStatus();
}

MetricMetadata TidyMetadata(const MetricMetadata& metadata) {
  const auto tidy = [](std::string_view text, size_t max_bytes) {
    return std::string(Cut(ReplaceInvalidUtf8(Cut(text, max_bytes)), max_bytes));
  };
  return {.type = metadata.type,
          .unit = tidy(metadata.unit, kMaxUnitBytes),
          .help = tidy(metadata.help, kMaxHelpBytes)};
}

Labels WithTypeAndUnit(const Labels& labels, const MetricMetadata& metadata) {
  const bool known = metadata.type != MetricType::kUnknown;
  return LabelsBuilder(labels)
      .Set(kMetricType, known ? MetricTypeName(metadata.type) : std::string_view())
      .Set(kMetricUnit, TidyMetadata(metadata).unit)
      .Build();
}

}  // namespace vigil::storage
