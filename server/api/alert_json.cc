// SPDX-License-Identifier: Apache-2.0
#include "server/api/alert_json.h"

#include <string>

#include "base/strings.h"

namespace vigil::server {

void WriteEvidence(const alerting::Evidence& evidence, JsonWriter* json) {
  json->BeginObject();
  if (evidence.threshold.has_value()) {
    json->Key("threshold");
    json->Text(FormatValue(*evidence.threshold));
  }
  json->Key("query");
  json->Text(evidence.query);
  json->Key("traceIds");
  json->BeginArray();
  for (const std::string& id : evidence.trace_ids) json->Text(id);
  json->EndArray();
  json->EndObject();
}

}  // namespace vigil::server
