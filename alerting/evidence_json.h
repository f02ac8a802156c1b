// SPDX-License-Identifier: Apache-2.0
//
// Evidence within rows that are JSON: an object with `query`, `traces` and, as a text because JSON
// knows no infinities, `threshold`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "base/strings.h"

namespace vigil::alerting {

// Of nlohmann::json or ordered_json.
template <typename Json>
Json EncodeEvidence(const Evidence& evidence) {
  Json json = {{"query", evidence.query}, {"traces", evidence.trace_ids}};
  if (evidence.threshold.has_value()) json["threshold"] = FormatValue(*evidence.threshold);
  return json;
}

// The evidence in `row` under "evidence"; null without it. Throws what nlohmann throws.
template <typename Json>
std::shared_ptr<const Evidence> DecodeEvidence(const Json& row) {
  const auto found = row.find("evidence");
  if (found == row.end()) return nullptr;
  auto evidence = std::make_shared<Evidence>();
  evidence->query = found->at("query").template get<std::string>();
  evidence->trace_ids = found->at("traces").template get<std::vector<std::string>>();
  double threshold = 0;
  if (ParseDouble(found->value("threshold", ""), &threshold)) evidence->threshold = threshold;
  return evidence;
}

}  // namespace vigil::alerting
