// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/channel_fields.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {

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
    : node_(node), reading_(reading), map_(node, what, reading.errors) {}

bool ChannelFields::TakeSendResolved(bool send_resolved) {
  map_.TakeBool("send_resolved", &send_resolved);
  return send_resolved;
}

ChannelSettings ChannelFields::TakeSettings(bool send_resolved) {
  ChannelSettings settings;
  settings.send_resolved = TakeSendResolved(send_resolved);
  map_.TakeDurationMs("timeout", &settings.timeout_ms);
  settings.http = reading_.defaults.http;
  if (map_.Has("http_config")) {
    settings.http = ReadHttpConfig(map_.Take("http_config"), reading_.directory, reading_.errors);
  }
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

void ChannelFields::CheckUrl(std::string_view name, std::string_view url) {
  if (url.find("{{") != std::string_view::npos) return;
  const YAML::Mark mark = map_.MarkOf(name);
  const size_t scheme_end = url.find("://");
  const std::string scheme =
      scheme_end == std::string_view::npos ? "" : ToLower(url.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") {
    return errors().Add(mark, fmt::format("unsupported scheme \"{}\" for URL", scheme));
  }
  const std::string_view rest = url.substr(scheme_end + 3);
  if (rest.substr(0, rest.find_first_of("/?#")).empty()) {
    return errors().Add(mark, "missing host for URL");
  }
  if (!IsHeaderText(url) || url.find_first_of(" \t") != std::string_view::npos) {
    errors().Add(mark, fmt::format("{} holds characters that a URL cannot", name));
  }
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
