// SPDX-License-Identifier: Apache-2.0
//
// How OTLP names become Prometheus names, in the default translation of the OpenTelemetry
// specification's Prometheus compatibility chapter (underscores for other characters, suffixes for
// unit and type).
#pragma once

#include <string>
#include <string_view>

namespace vigil::collector {

enum class NameKind {
  kGauge,
  kCounter,  // Monotonic sum: gets "_total".
  kOther,
};

// The name of a metric, e.g. ("http.server.duration", "s", kOther) ->
// "http_server_duration_seconds".
// "" when nothing usable is left of `name`.
std::string TranslateMetricName(std::string_view name, std::string_view unit, NameKind kind);

// The name of a label, e.g. "service.name" -> "service_name", "1st" -> "key_1st". "" when `name` is
// empty or has only underscores left.
std::string TranslateLabelName(std::string_view name);

// The unit as metadata states it: "By/s" -> "bytes_per_second".
std::string TranslateUnit(std::string_view unit);

}  // namespace vigil::collector
