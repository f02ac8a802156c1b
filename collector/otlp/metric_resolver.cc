// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/metric_resolver.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "collector/labels/bound_label.h"
#include "collector/otlp/names.h"
#include "storage/series/labels.h"

namespace vigil::collector {
namespace {

using storage::Label;

NameKind KindOfName(const MetricIdentity& metric) {
  if (metric.kind == DataKind::kGauge) return NameKind::kGauge;
  return metric.kind == DataKind::kSum && metric.monotonic ? NameKind::kCounter : NameKind::kOther;
}

storage::MetricMetadata MetadataOf(const MetricIdentity& metric) {
  storage::MetricMetadata metadata;
  metadata.unit = TranslateUnit(metric.unit);
  metadata.help = metric.description;
  switch (metric.kind) {
    case DataKind::kGauge:
      metadata.type = storage::MetricType::kGauge;
      break;
    case DataKind::kSum:
      metadata.type =
          metric.monotonic ? storage::MetricType::kCounter : storage::MetricType::kGauge;
      break;
    case DataKind::kHistogram:
    case DataKind::kExponential:
      metadata.type = storage::MetricType::kHistogram;
      break;
    case DataKind::kSummary:
      metadata.type = storage::MetricType::kSummary;
      break;
  }
  return metadata;
}

constexpr std::string_view kIdentifying[] = {"service.name", "service.namespace",
                                             "service.instance.id"};
constexpr std::string_view kScopePrefix = "otel_scope_";

bool Contains(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsIdentifying(std::string_view name) {
  return std::find(std::begin(kIdentifying), std::end(kIdentifying), name) !=
         std::end(kIdentifying);
}

}  // namespace

absl::Status MetricResolver::AddPromoted(const PointOrigin& origin, std::vector<Label>* labels) {
  storage::Attributes promoted;
  for (const storage::Attribute& attribute : origin.resource) {
    const bool chosen = options_.promote_all_resource_attributes
                            ? !Contains(options_.ignore_resource_attributes, attribute.name)
                            : Contains(options_.promote_resource_attributes, attribute.name);
    if (chosen) promoted.push_back(attribute);
  }
  return AddLabels(promoted, options_.names, labels, &joined_);
}

absl::Status MetricResolver::AddScope(const PointOrigin& origin, std::vector<Label>* labels) {
  if (!options_.promote_scope_metadata || origin.scope_name.empty()) return absl::OkStatus();
  storage::Attributes attributes;
  for (const storage::Attribute& attribute : origin.scope) {
    // These are the scope's own.
    if (attribute.name == "name" || attribute.name == "version" || attribute.name == "schema_url") {
      continue;
    }
    attributes.push_back({std::string(kScopePrefix) + attribute.name, attribute.value});
  }
  VIGIL_RETURN_IF_ERROR(AddLabels(attributes, options_.names, labels, &joined_));
  labels->push_back({"otel_scope_name", origin.scope_name});
  labels->push_back({"otel_scope_version", origin.scope_version});
  labels->push_back({"otel_scope_schema_url", origin.scope_schema_url});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Label>> MetricResolver::BaseLabels(const PointOrigin& origin,
                                                              const storage::Attributes& point) {
  std::vector<Label> labels;
  VIGIL_RETURN_IF_ERROR(AddPromoted(origin, &labels));
  VIGIL_RETURN_IF_ERROR(AddLabels(point, options_.names, &labels, &joined_));
  if (!origin.target.job.empty()) labels.push_back({"job", origin.target.job});
  if (!origin.target.instance.empty()) labels.push_back({"instance", origin.target.instance});
  VIGIL_RETURN_IF_ERROR(AddScope(origin, &labels));
  return labels;
}

absl::StatusOr<std::string> MetricResolver::NameOf(const MetricIdentity& metric) const {
  if (!IsValidUtf8(metric.name) || !IsValidUtf8(metric.unit) || !IsValidUtf8(metric.description)) {
    return absl::InvalidArgumentError(
        fmt::format("metric \"{}\" has text that is not UTF-8", ReplaceInvalidUtf8(metric.name)));
  }
  // Its unit or kind alone would name it.
  if (metric.name.empty()) return absl::InvalidArgumentError("metric name \"\" is empty");
  std::string name =
      TranslateMetricName(metric.name, metric.unit, KindOfName(metric), options_.names);
  if (name.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("metric name \"{}\" has no letter, digit or colon", metric.name));
  }
  return name;
}

absl::StatusOr<PointTarget> MetricResolver::Number(const PointOrigin& origin,
                                                   const MetricIdentity& metric,
                                                   const storage::Attributes& point) {
  VIGIL_ASSIGN_OR_RETURN(std::string name, NameOf(metric));
  VIGIL_ASSIGN_OR_RETURN(std::vector<Label> labels, BaseLabels(origin, point));
  labels.push_back({std::string(storage::kMetricName), std::move(name)});
  PointTarget target;
  VIGIL_ASSIGN_OR_RETURN(
      target.first,
      storage_.GetOrCreateSeries(tenant_, storage::Labels(std::move(labels)), MetadataOf(metric)));
  return target;
}

absl::StatusOr<PointTarget> MetricResolver::Family(const PointOrigin& origin,
                                                   const MetricIdentity& metric,
                                                   const storage::Attributes& point,
                                                   const std::vector<Variant>& variants) {
  VIGIL_ASSIGN_OR_RETURN(const std::string name, NameOf(metric));
  VIGIL_ASSIGN_OR_RETURN(std::vector<Label> base_labels, BaseLabels(origin, point));
  const storage::Labels base(std::move(base_labels));
  const storage::MetricMetadata metadata = MetadataOf(metric);
  auto refs = std::make_shared<std::vector<storage::SeriesRef>>();
  refs->reserve(variants.size());
  for (const Variant& variant : variants) {
    storage::LabelsBuilder labels(base);
    labels.Set(storage::kMetricName, name + std::string(variant.suffix));
    if (!variant.label.empty()) labels.Set(variant.label, BoundLabel(variant.bound));
    VIGIL_ASSIGN_OR_RETURN(const storage::SeriesRef ref,
                           storage_.GetOrCreateSeries(tenant_, labels.Build(), metadata));
    refs->push_back(ref);
  }
  PointTarget target;
  target.more = std::move(refs);
  return target;
}

absl::StatusOr<PointTarget> MetricResolver::Histogram(const PointOrigin& origin,
                                                      const MetricIdentity& metric,
                                                      const storage::Attributes& point,
                                                      const std::vector<double>& bounds) {
  std::vector<Variant> variants;
  for (const double bound : bounds) variants.push_back({"_bucket", "le", bound});
  variants.push_back({"_bucket", "le", std::numeric_limits<double>::infinity()});
  variants.push_back({"_sum", "", 0});
  variants.push_back({"_count", "", 0});
  return Family(origin, metric, point, variants);
}

absl::StatusOr<PointTarget> MetricResolver::Summary(const PointOrigin& origin,
                                                    const MetricIdentity& metric,
                                                    const storage::Attributes& point,
                                                    const std::vector<double>& quantiles) {
  std::vector<Variant> variants;
  for (const double quantile : quantiles) variants.push_back({"", "quantile", quantile});
  variants.push_back({"_sum", "", 0});
  variants.push_back({"_count", "", 0});
  return Family(origin, metric, point, variants);
}

absl::StatusOr<PointTarget> MetricResolver::TargetInfo(const PointOrigin& origin) {
  storage::Attributes told;
  bool descriptive = false;
  for (const storage::Attribute& attribute : origin.resource) {
    const bool identifying = IsIdentifying(attribute.name);
    descriptive |= !identifying;
    if (!identifying || options_.keep_identifying_resource_attributes) told.push_back(attribute);
  }
  const bool identified = !origin.target.job.empty() || !origin.target.instance.empty();
  if (!descriptive || !identified) return PointTarget();
  std::vector<Label> labels;
  VIGIL_RETURN_IF_ERROR(AddLabels(told, options_.names, &labels, &joined_));
  if (!origin.target.job.empty()) labels.push_back({"job", origin.target.job});
  if (!origin.target.instance.empty()) labels.push_back({"instance", origin.target.instance});
  labels.push_back({std::string(storage::kMetricName), "target_info"});
  PointTarget target;
  VIGIL_ASSIGN_OR_RETURN(target.first, storage_.GetOrCreateSeries(
                                           tenant_, storage::Labels(std::move(labels)),
                                           {storage::MetricType::kGauge, "", "Target metadata"}));
  return target;
}

}  // namespace vigil::collector
