// SPDX-License-Identifier: Apache-2.0
#include "cli/text/labels.h"

#include <algorithm>

#include <fmt/format.h>

namespace vigil::cli {
namespace {

// In double quotes, so that PromQL reads it back.
std::string Quoted(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string LabelOf(const LabelList& labels, std::string_view name) {
  for (const v1::Label& label : labels) {
    if (label.name() == name) return label.value();
  }
  return "";
}

nlohmann::ordered_json JsonLabels(const LabelList& labels) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const v1::Label& label : labels) object[label.name()] = label.value();
  return object;
}

std::string LabelsText(const LabelList& labels, std::initializer_list<std::string_view> but) {
  std::string text;
  for (const v1::Label& label : labels) {
    if (std::find(but.begin(), but.end(), label.name()) != but.end()) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", label.name(), Quoted(label.value()));
  }
  return text;
}

std::string SeriesText(const LabelList& labels) {
  const std::string name = LabelOf(labels, kMetricName);
  const std::string inside = LabelsText(labels, {kMetricName});
  return inside.empty() && !name.empty() ? name : fmt::format("{}{{{}}}", name, inside);
}

}  // namespace vigil::cli
