// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/channel_fields.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The first "%" that two hexadecimal digits do not follow, with what follows; "" if there is none.
std::string_view BadEscape(std::string_view text) {
  for (size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1)) {
    const std::string_view escape = text.substr(i, 3);
    if (escape.size() < 3 || !IsHexDigit(escape[1]) || !IsHexDigit(escape[2])) return escape;
  }
  return {};
}

// Whether `host` ends in something that looks like a port but is none.
bool HasBadPort(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) {
    return false;
  }
  return host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos;
}

}  // namespace

std::string WhatIsWrongWithUrl(std::string_view url) {
  const size_t scheme_end = url.find("://");
  const std::string scheme =
      scheme_end == std::string_view::npos ? "" : ToLower(url.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") {
    return fmt::format("unsupported scheme \"{}\" for URL", scheme);
  }
  const std::string_view rest = url.substr(scheme_end + 3);
  std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  host.remove_prefix(host.rfind('@') + 1);  // What stands before it may be a password.
  if (host.empty()) return "missing host for URL";
  if (HasBadPort(host)) return fmt::format("invalid port in \"{}\"", host);
  const std::string_view escape = BadEscape(rest.substr(0, rest.find('?')));
  if (!escape.empty()) return fmt::format("invalid URL escape \"{}\"", escape);
  // A template may have spaces within its actions.
  const bool has_space = url.find_first_of(" \t") != std::string_view::npos;
  if (!IsHeaderText(url) || (has_space && url.find("{{") == std::string_view::npos)) {
    return "the URL holds characters that a URL cannot";
  }
  return "";
}

absl::StatusOr<std::string> TemplateSecret::Expand(NotificationTexts* texts) const {
  if (secret.file.empty()) {
    std::string expanded = texts->Expand(text);
    VIGIL_RETURN_IF_ERROR(texts->status());
    return expanded;
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string read, ReadSecret(secret));
  VIGIL_ASSIGN_OR_RETURN(const TemplateText parsed,
                         TemplateText::Parse(secret.file, read, *templates));
  std::string expanded = texts->Expand(parsed);
  VIGIL_RETURN_IF_ERROR(texts->status());
  return expanded;
}

ChannelFields::ChannelFields(const YAML::Node& node, std::string_view what,
                             const ChannelReading& reading)
    : node_(node), what_(what), reading_(reading), map_(node, what, reading.errors) {}

bool ChannelFields::TakeSendResolved(bool send_resolved) {
  map_.TakeBool("send_resolved", &send_resolved);
  return send_resolved;
}

ChannelSettings ChannelFields::TakeSettings(bool send_resolved) {
  ChannelSettings settings;
  settings.send_resolved = TakeSendResolved(send_resolved);
  map_.TakeDurationMs("timeout", &settings.timeout_ms);
  settings.http = reading_.defaults.http;
  const YAML::Node http = map_.Take("http_config");
  if (!http.IsNull()) settings.http = ReadHttpConfig(http, reading_.directory, reading_.errors);
  return settings;
}

TemplateText ChannelFields::TakeTemplate(std::string_view name, std::string_view fallback) {
  std::string text(fallback);
  map_.TakeString(name, &text);
  absl::StatusOr<TemplateText> parsed = TemplateText::Parse(name, text, *reading_.templates);
  if (parsed.ok()) return *std::move(parsed);
  errors().Add(map_.MarkOf(name), MessageOf(parsed.status()));
  return {};
}

TemplateText ChannelFields::Template(const YAML::Node& node, std::string_view name) {
  if (node.IsNull()) return {};
  if (!node.IsScalar()) {
    errors().Add(node, fmt::format("{} must be a single value", name));
    return {};
  }
  absl::StatusOr<TemplateText> parsed =
      TemplateText::Parse(name, node.Scalar(), *reading_.templates);
  if (parsed.ok()) return *std::move(parsed);
  errors().Add(node, MessageOf(parsed.status()));
  return {};
}

TemplateText ChannelFields::TakePart(std::string_view name, YamlMap* map) {
  return Template(map->Take(name), name);
}

std::vector<YAML::Node> ChannelFields::TakeList(std::string_view name, YamlMap* map) {
  std::vector<YAML::Node> items;
  const YAML::Node list = map->Take(name);
  if (!list.IsNull() && !list.IsSequence()) {
    errors().Add(list, fmt::format("{} must be a list", name));
    return items;
  }
  for (const YAML::Node& item : list) items.push_back(item);
  return items;
}

std::vector<std::pair<std::string, TemplateText>> ChannelFields::TakeTemplates(
    std::string_view name) {
  std::vector<std::pair<std::string, TemplateText>> templates;
  YamlMap map(map_.Take(name), name, &errors());
  for (const std::string& key : map.Names()) {
    templates.emplace_back(key, Template(map.Take(key), key));
  }
  return templates;
}

Secret ChannelFields::TakeSecret(std::string_view name, const Secret& fallback) {
  Secret secret;
  const bool given = vigil::TakeSecret(name, reading_.directory, &map_, reading_.errors, &secret);
  return given ? secret : fallback;
}

TemplateSecret ChannelFields::TakeTemplateSecret(std::string_view name, const Secret& fallback) {
  TemplateSecret taken;
  taken.secret = TakeSecret(name, fallback);
  taken.templates = reading_.templates;
  if (!taken.secret.file.empty()) return taken;
  absl::StatusOr<TemplateText> parsed =
      TemplateText::Parse(name, taken.secret.text, *reading_.templates);
  if (parsed.ok()) {
    taken.text = *std::move(parsed);
  } else {
    errors().Add(map_.MarkOf(name), MessageOf(parsed.status()));
  }
  return taken;
}

std::string ChannelFields::TakeString(std::string_view name, std::string_view fallback) {
  std::string text(fallback);
  map_.TakeString(name, &text);
  return text;
}

std::string ChannelFields::TakeUrl(std::string_view name, std::string_view fallback) {
  std::string url = TakeString(name, fallback);
  CheckUrl(name, url);
  return url;
}

TemplateSecret ChannelFields::TakeNeededUrl(std::string_view name) {
  TemplateSecret url = TakeTemplateSecret(name);
  if (!url.given()) errors().Add(node_, fmt::format("{0} needs a {1} or {1}_file", what_, name));
  CheckSecretUrl(name, url);
  return url;
}

void ChannelFields::CheckUrl(std::string_view name, std::string_view url) {
  const std::string wrong = WhatIsWrongWithUrl(url);
  if (!wrong.empty()) errors().Add(map_.MarkOf(name), wrong);
}

void ChannelFields::CheckSecretUrl(std::string_view name, const TemplateSecret& url) {
  const std::string& text = url.secret.text;
  if (text.empty() || text == kHiddenSecret || text.find("{{") != std::string::npos) return;
  CheckUrl(name, text);
}

std::shared_ptr<const HttpConfig> ReadHttpConfig(const YAML::Node& node,
                                                 const std::string& directory, YamlErrors* errors) {
  if (node.IsNull()) return nullptr;
  YamlMap map(node, "http_config", errors);
  auto config = std::make_shared<const HttpConfig>(TakeHttpConfig(directory, &map, errors));
  map.Finish();
  return config;
}

}  // namespace vigil::alerting
