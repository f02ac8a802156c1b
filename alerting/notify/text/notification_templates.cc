// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/text/notification_templates.h"

#include "alerting/notify/text/default_templates.h"
#include "alerting/notify/text/notification_data.h"
#include "alerting/notify/text/notification_functions.h"
#include "alerting/template/builtins.h"
#include "alerting/template/text_functions.h"
#include "base/log.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using storage::Labels;
using text_template::EscapeHtml;
using text_template::FunctionSet;
using text_template::Template;
using text_template::Value;

// What a check knows by name.
const FunctionSet& KnownFunctions() {
  static const FunctionSet* const functions = new FunctionSet(NotificationFunctions({}));
  return *functions;
}

const Template& DefaultTemplates() {
  static const Template* const defaults = [] {
    absl::StatusOr<Template> parsed = Template::Parse("default", kDefaultTemplates);
    VIGIL_CHECK_OK(parsed);
    return new Template(*std::move(parsed));
  }();
  return *defaults;
}

Labels EscapeLabels(const Labels& labels) {
  std::vector<storage::Label> escaped;
  for (const storage::LabelView& label : labels) {
    escaped.push_back({EscapeHtml(label.name), EscapeHtml(label.value)});
  }
  return Labels(std::move(escaped));
}

// The notification with all that comes from alerts fit to stand in HTML.
Notification Escaped(Notification notification) {
  notification.group_labels = EscapeLabels(notification.group_labels);
  notification.route_labels = EscapeLabels(notification.route_labels);
  for (ToldAlert& told : notification.alerts) {
    told.alert.labels = EscapeLabels(told.alert.labels);
    told.alert.annotations = EscapeLabels(told.alert.annotations);
    told.alert.generator_url = EscapeHtml(told.alert.generator_url);
  }
  return notification;
}

std::string UnescapeHtml(std::string_view text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&#34;", '"'}, {"&#39;", '\''}};
  std::string plain;
  while (!text.empty()) {
    char c = text[0];
    size_t length = 1;
    for (const auto& [entity, meaning] : kEntities) {
      if (!text.starts_with(entity)) continue;
      c = meaning;
      length = entity.size();
    }
    plain += c;
    text.remove_prefix(length);
  }
  return plain;
}

// What is called but not there may come yet, and it is the message that wants it that fails.
void WarnOfCalls(const Template& parsed) {
  const absl::Status status = parsed.CheckCalls(KnownFunctions());
  if (status.ok()) return;
  Log(LogLevel::kWarning, "a template calls one that does not exist: what is told with it fails",
      {{"reason", MessageOf(status)}});
}

std::string Identity(std::string_view text) { return std::string(text); }

Value RouteLabelsOf(const Value& root) {
  const absl::StatusOr<Value> labels = root.AsObject().Member("RouteLabels", {});
  return labels.value_or(Value());
}

}  // namespace

NotificationTemplates::NotificationTemplates() : definitions_(DefaultTemplates()) {}

absl::Status NotificationTemplates::Add(std::string_view file_name, std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(Template parsed, Template::Parse(file_name, text));
  // The later one wins.
  parsed.AddDefinitions(definitions_);
  definitions_ = std::move(parsed);
  return absl::OkStatus();
}

absl::Status NotificationTemplates::Check() const {
  if (!complete_) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(definitions_.Check(KnownFunctions()));
  WarnOfCalls(definitions_);
  return absl::OkStatus();
}

absl::StatusOr<TemplateText> TemplateText::Parse(std::string_view name, std::string_view text,
                                                 const NotificationTemplates& templates) {
  TemplateText parsed{std::string(text)};
  // Most fields are plain.
  if (text.find("{{") == std::string_view::npos) return parsed;
  VIGIL_ASSIGN_OR_RETURN(Template body, Template::Parse(name, text));
  body.AddDefinitions(templates.definitions());
  if (templates.complete()) {
    VIGIL_RETURN_IF_ERROR(body.Check(KnownFunctions()));
    WarnOfCalls(body);
  }
  parsed.template_ = std::move(body);
  return parsed;
}

NotificationTexts::NotificationTexts(const Notification& notification, int64_t now_ms)
    : root_(NotificationData(notification)),
      functions_(NotificationFunctions({now_ms, RouteLabelsOf(root_)})) {}

std::string NotificationTexts::Expand(const TemplateText& text) { return ExpandFor(text, root_); }

std::string NotificationTexts::ExpandFor(const TemplateText& text, const Value& dot) {
  if (text.literal()) return text.text();
  absl::StatusOr<std::string> expanded = text.template_->Execute(dot, functions_);
  if (expanded.ok()) return *std::move(expanded);
  if (status_.ok()) status_ = expanded.status();
  return "";
}

HtmlTexts::HtmlTexts(const Notification& notification, int64_t now_ms)
    : NotificationTexts(Escaped(notification), now_ms) {
  // What is escaped already is not escaped again, and can be had as it was.
  functions_.insert_or_assign("html", text_template::TextFunction(Identity));
  functions_.insert_or_assign("safeHtml", text_template::TextFunction(UnescapeHtml));
}

std::string TruncateRunes(std::string_view text, size_t max_runes) {
  size_t runes = 0;
  size_t last_start = 0;  // Where the last character that fits begins.
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xC0) == 0x80) continue;  // In the middle of one.
    if (++runes > max_runes) return std::string(text.substr(0, last_start)) + "…";
    last_start = i;
  }
  return std::string(text);
}

}  // namespace vigil::alerting
