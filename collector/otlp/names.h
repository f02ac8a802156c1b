// SPDX-License-Identifier: Apache-2.0
//
// How OTLP names become Prometheus names, in the translations of the OpenTelemetry specification's
// Prometheus compatibility chapter. By default other characters become underscores, and suffixes
// tell unit and type.
#pragma once

#include <string>
#include <string_view>

namespace vigil::collector {

enum class NameKind {
  kGauge,
  kCounter,  // Monotonic sum: gets "_total".
  kOther,
};

// Which translation. The four strategies are the combinations of the first two.
struct NameRules {
  bool escape = true;    // Letters, digits, underscores and colons only; else names stay UTF-8.
  bool suffixes = true;  // "_seconds", "_total" and so on.
  // Of escaped labels: "_x" becomes "key_x"; runs of underscores stay.
  bool label_name_underscore_sanitization = true;
  bool label_name_preserve_multiple_underscores = true;
};

// The rules with `escape` and `suffixes` as the strategy of that name has them, for example
// "NoUTF8EscapingWithSuffixes". False, and nothing changed, if there is none.
bool SetTranslationStrategy(std::string_view name, NameRules* rules);

// The name of a metric, e.g. ("http.server.duration", "s", kOther) ->
// "http_server_duration_seconds".
// "" when nothing usable is left of `name`.
std::string TranslateMetricName(std::string_view name, std::string_view unit, NameKind kind,
                                const NameRules& rules = {});

// The name of a label, e.g. "service.name" -> "service_name", "1st" -> "key_1st". "" when `name` is
// empty or has only underscores left.
std::string TranslateLabelName(std::string_view name, const NameRules& rules = {});

// The unit as metadata states it: "By/s" -> "bytes_per_second".
std::string TranslateUnit(std::string_view unit);

}  // namespace vigil::collector
