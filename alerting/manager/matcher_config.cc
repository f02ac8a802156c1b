// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/matcher_config.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/manager/matcher_parser.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using storage::Matcher;
using storage::MatchType;

// What names of labels were when `match` was the way to write matchers.
bool IsClassicName(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), fits);
}

// `match: {name: value}`.
void ReadOldMatchers(const YAML::Node& node, std::string_view what, MatchType type,
                     std::vector<Matcher>* matchers, YamlErrors* errors) {
  YamlMap map(node, what, errors);
  for (const std::string& name : map.Names()) {
    std::string value;
    map.TakeString(name, &value);
    absl::StatusOr<Matcher> matcher = Matcher::Create(type, name, value);
    if (!IsClassicName(name)) {
      errors->Add(node, fmt::format("invalid label name \"{}\" in {}", name, what));
    } else if (!matcher.ok()) {
      errors->Add(map.Take(name), MessageOf(matcher.status()));
    } else {
      matchers->push_back(*std::move(matcher));
    }
  }
}

// Whether the text says "no condition", which Alertmanager takes.
bool SaysNothing(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('{') && text.ends_with('}')) text = Trim(text.substr(1, text.size() - 2));
  return text.empty();
}

}  // namespace

bool IsLabelName(std::string_view name) { return !name.empty() && IsValidUtf8(name); }

void ReadMatcherFields(YamlMap* map, std::string_view equal, std::string_view regex,
                       std::string_view list, std::vector<Matcher>* matchers, YamlErrors* errors) {
  ReadOldMatchers(map->Take(equal), equal, MatchType::kEqual, matchers, errors);
  ReadOldMatchers(map->Take(regex), regex, MatchType::kRegex, matchers, errors);
  const YAML::Node texts = map->Take(list);
  if (!texts.IsNull() && !texts.IsSequence()) {
    return errors->Add(texts, fmt::format("{} must be a list of texts", list));
  }
  for (const YAML::Node& entry : texts) {
    if (entry.IsNull() || (entry.IsScalar() && SaysNothing(entry.Scalar()))) continue;
    absl::StatusOr<std::vector<Matcher>> parsed =
        ParseMatchers(entry.IsScalar() ? std::string_view(entry.Scalar()) : std::string_view());
    if (!parsed.ok()) {
      errors->Add(entry, fmt::format("bad matcher: {}", MessageOf(parsed.status())));
      continue;
    }
    for (Matcher& matcher : *parsed) matchers->push_back(std::move(matcher));
  }
}

}  // namespace vigil::alerting
