// SPDX-License-Identifier: Apache-2.0
//
// Fuzz entry point: any bytes as a rule template, with labels made of the same bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "alerting/template/rule_functions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using vigil::text_template::ParseRuleTemplate;
  using vigil::text_template::RuleExpander;
  using vigil::text_template::Template;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<Template> parsed = ParseRuleTemplate("fuzz", text);
  if (!parsed.ok()) return 0;
  RuleExpander expander({.now_ms = 1'000, .external_url = "http://localhost/x"});
  expander.SetElement(vigil::storage::Labels({{"a", text}, {"instance", "host:80"}}), 1.5, nullptr);
  expander.Expand(*parsed);
  return 0;
}
