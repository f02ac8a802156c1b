// SPDX-License-Identifier: Apache-2.0
//
// How OTLP metrics become series, as far as people choose: the section `otlp:` of the
// configuration, whose keys are Prometheus'.
#pragma once

#include <string>
#include <vector>

#include "collector/otlp/names.h"

namespace vigil::collector {

struct OtlpOptions {
  NameRules names;
  // Resource attributes that become labels of each series: these, or all but some.
  std::vector<std::string> promote_resource_attributes;
  bool promote_all_resource_attributes = false;
  std::vector<std::string> ignore_resource_attributes;
  // target_info keeps service.name, service.namespace and service.instance.id, too.
  bool keep_identifying_resource_attributes = false;
  // Scopes become the labels otel_scope_name, otel_scope_version, otel_scope_schema_url and
  // otel_scope_<attribute>.
  bool promote_scope_metadata = false;
  // Histograms with explicit bounds become native histograms with custom buckets, not series for
  // each bucket.
  bool convert_histograms_to_nhcb = false;
};

}  // namespace vigil::collector
