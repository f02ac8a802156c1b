// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/metric_resolver.h"

#include <limits>
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

std::vector<Label> BaseLabels(const ResourceIdentity& resource, const storage::Attributes& point) {
  std::vector<Label> labels;
  AddLabels(point, &labels);
  // Later labels win: the target's identity overrides attributes of the same name.
  if (!resource.target.job.empty()) labels.push_back({"job", resource.target.job});
  if (!resource.target.instance.empty()) labels.push_back({"instance", resource.target.instance});
  return labels;
}

}  // namespace

absl::StatusOr<std::string> MetricResolver::NameOf(const MetricIdentity& metric) const {
  if (!IsValidUtf8(metric.name) || !IsValidUtf8(metric.unit) || !IsValidUtf8(metric.description)) {
    return absl::InvalidArgumentError(
        fmt::format("metric \"{}\" has text that is not UTF-8", ReplaceInvalidUtf8(metric.name)));
  }
  std::string name = TranslateMetricName(metric.name, metric.unit, KindOfName(metric));
  if (name.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("metric name \"{}\" has no letter, digit or colon", metric.name));
  }
  return name;
}

absl::StatusOr<PointTarget> MetricResolver::Number(const ResourceIdentity& resource,
                                                   const MetricIdentity& metric,
                                                   const storage::Attributes& point) {
  VIGIL_ASSIGN_OR_RETURN(std::string name, NameOf(metric));
  std::vector<Label> labels = BaseLabels(resource, point);
  labels.push_back({std::string(storage::kMetricName), std::move(name)});
  PointTarget target;
  VIGIL_ASSIGN_OR_RETURN(
      target.first,
      storage_.GetOrCreateSeries(tenant_, storage::Labels(std::move(labels)), MetadataOf(metric)));
  return target;
}

absl::StatusOr<PointTarget> MetricResolver::Family(const ResourceIdentity& resource,
                                                   const MetricIdentity& metric,
                                                   const storage::Attributes& point,
                                                   const std::vector<Variant>& variants) {
  VIGIL_ASSIGN_OR_RETURN(const std::string name, NameOf(metric));
  const storage::Labels base(BaseLabels(resource, point));
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

absl::StatusOr<PointTarget> MetricResolver::Histogram(const ResourceIdentity& resource,
                                                      const MetricIdentity& metric,
                                                      const storage::Attributes& point,
                                                      const std::vector<double>& bounds) {
  std::vector<Variant> variants;
  for (const double bound : bounds) variants.push_back({"_bucket", "le", bound});
  variants.push_back({"_bucket", "le", std::numeric_limits<double>::infinity()});
  variants.push_back({"_sum", "", 0});
  variants.push_back({"_count", "", 0});
  return Family(resource, metric, point, variants);
}

absl::StatusOr<PointTarget> MetricResolver::Summary(const ResourceIdentity& resource,
                                                    const MetricIdentity& metric,
                                                    const storage::Attributes& point,
                                                    const std::vector<double>& quantiles) {
  std::vector<Variant> variants;
  for (const double quantile : quantiles) variants.push_back({"", "quantile", quantile});
  variants.push_back({"_sum", "", 0});
  variants.push_back({"_count", "", 0});
  return Family(resource, metric, point, variants);
}

absl::StatusOr<PointTarget> MetricResolver::TargetInfo(const ResourceIdentity& resource) {
  storage::Attributes descriptive;
  for (const storage::Attribute& attribute : resource.attributes) {
    if (attribute.name == "service.name" || attribute.name == "service.namespace" ||
        attribute.name == "service.instance.id") {
      continue;
    }
    descriptive.push_back(attribute);
  }
  const bool identified = !resource.target.job.empty() || !resource.target.instance.empty();
  if (descriptive.empty() || !identified) return PointTarget();
  std::vector<Label> labels = BaseLabels(resource, descriptive);
  labels.push_back({std::string(storage::kMetricName), "target_info"});
  PointTarget target;
  VIGIL_ASSIGN_OR_RETURN(target.first, storage_.GetOrCreateSeries(
                                           tenant_, storage::Labels(std::move(labels)),
                                           {storage::MetricType::kGauge, "", "Target metadata"}));
  return target;
}

}  // namespace vigil::collector
