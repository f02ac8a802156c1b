// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/jira.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/notify/payload.h"
#include "alerting/notify/simple_channel.h"
#include "base/clock.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;
using Next = absl::StatusOr<std::shared_ptr<Delivery>>;

// Jira's limits.
constexpr size_t kMaxSummaryRunes = 255;
constexpr size_t kMaxDescriptionRunes = 32'767;

// A text that may be left as it was when the issue was opened.
struct IssueText {
  TemplateText text;
  bool update = true;
};

struct JiraConfig {
  std::string api_url;
  bool version3 = false;  // Descriptions are documents of JSON.
  bool cloud = false;
  TemplateText project;
  TemplateText issue_type;
  IssueText summary;
  IssueText description;
  std::vector<TemplateText> labels;
  TemplateText priority;
  std::string resolve_transition;
  std::string reopen_transition;
  int64_t reopen_duration_ms = 0;
  std::string wont_fix_resolution;
  std::vector<std::pair<std::string, Payload>> fields;
};

// What the requests about one group are made of; lives as long as they take.
struct Errand {
  std::string api_url;
  bool firing = false;
  Json created;  // The fields of a new issue.
  Json updated;  // Those of one that is there.
  std::string resolve_transition;
  std::string reopen_transition;
};
using ErrandPtr = std::shared_ptr<const Errand>;

std::shared_ptr<Delivery> Request(const Errand& errand, std::string_view method,
                                  const std::string& path, const Json& body = nullptr) {
  auto request = std::make_shared<Delivery>();
  request->method = method;
  request->url = errand.api_url + path;
  if (!body.is_null()) request->body = DumpJson(body);
  request->headers = {"Accept-Language: en", "Content-Type: application/json"};
  return request;
}

Next ChangeState(const ErrandPtr& errand, const std::string& key, const std::string& wanted,
                 const HttpAnswer& answer) {
  const Json json = ParseJson(answer.body);
  const Json transitions = json.is_object() ? json.value("transitions", Json()) : Json();
  for (const Json& transition : transitions) {
    if (!transition.is_object() || transition.value("name", Json()) != wanted) continue;
    return Request(*errand, "POST", fmt::format("/issue/{}/transitions", key),
                   {{"transition", {{"id", transition.value("id", Json())}}}});
  }
  return absl::InvalidArgumentError(
      fmt::format("can't find transition {} for issue {}", wanted, key));
}

// Closes or opens the issue again, if it is not as the alerts are.
Next AfterUpdate(const ErrandPtr& errand, const std::string& key, bool is_done) {
  if (errand->firing != is_done) return nullptr;
  const std::string& wanted =
      errand->firing ? errand->reopen_transition : errand->resolve_transition;
  if (wanted.empty()) return nullptr;
  std::shared_ptr<Delivery> request =
      Request(*errand, "GET", fmt::format("/issue/{}/transitions", key));
  request->then = [errand, key, wanted](const HttpAnswer& answer) {
    return ChangeState(errand, key, wanted, answer);
  };
  return request;
}

bool IsDone(const Json& issue) {
  try {
    return issue.at("fields").at("status").at("statusCategory").at("key") == "done";
  } catch (const Json::exception&) {
    return false;
  }
}

// Opens an issue or brings the one that was found up to date.
Next AfterSearch(const ErrandPtr& errand, const HttpAnswer& answer) {
  const Json json = ParseJson(answer.body);
  const Json issues = json.is_object() ? json.value("issues", Json()) : Json();
  if (!issues.is_array()) {
    return absl::InvalidArgumentError(
        fmt::format("Jira gave no list of issues: {}", AnswerSnippet(answer.body)));
  }
  if (issues.empty()) {
    if (!errand->firing) return nullptr;
    return Request(*errand, "POST", "/issue", {{"fields", errand->created}});
  }
  const Json& issue = issues[0];
  const Json key = issue.is_object() ? issue.value("key", Json()) : Json();
  if (!key.is_string()) return absl::InvalidArgumentError("Jira gave an issue without a key");
  std::shared_ptr<Delivery> request =
      Request(*errand, "PUT", fmt::format("/issue/{}", key.get<std::string>()),
              {{"fields", errand->updated}});
  request->then = [errand, key = key.get<std::string>(), is_done = IsDone(issue)](
                      const HttpAnswer&) { return AfterUpdate(errand, key, is_done); };
  return request;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// The label that the issue of a group is found by.
std::string GroupLabel(const Notification& notification) {
  return fmt::format("ALERT{{{}}}", GroupDigest(notification));
}

Json SearchBody(const JiraConfig& config, const Notification& notification,
                const std::string& project) {
  std::string query;
  if (!config.wont_fix_resolution.empty()) {
    query += fmt::format("(resolution is EMPTY or resolution != {}) and ",
                         Quoted(config.wont_fix_resolution));
  }
  // One that was closed a while ago is left alone.
  const int64_t minutes = config.reopen_duration_ms / kMillisPerMinute;
  if (notification.firing() && !config.reopen_transition.empty() && minutes > 0) {
    query += fmt::format("(resolutiondate is EMPTY OR resolutiondate >= -{}m) and ", minutes);
  } else {
    query += "statusCategory != Done and ";
  }
  query += fmt::format("project={} and labels={} order by status ASC,resolutiondate DESC",
                       Quoted(project), Quoted(GroupLabel(notification)));
  return {{"fields", Json::array({"status"})}, {"jql", query}, {"maxResults", 2}};
}

// What version 3 takes for a description: the document that the template writes, or one around a
// text.
Json DocumentOf(const std::string& text) {
  Json document = ParseJson(text);
  if (document.is_object()) return document;
  const Json line = {{"type", "text"}, {"text", text}};
  const Json paragraph = {{"type", "paragraph"}, {"content", Json::array({line})}};
  return {{"version", 1}, {"type", "doc"}, {"content", Json::array({paragraph})}};
}

Json IssueFields(const JiraConfig& config, const Notification& notification,
                 const std::string& project, NotificationTexts* texts) {
  Json fields = Json::object();
  for (const auto& [name, value] : config.fields) fields[name] = value.Expand(texts);
  fields["project"] = {{"key", project}};
  fields["issuetype"] = {{"name", texts->Expand(config.issue_type)}};
  fields["summary"] = TruncateRunes(texts->Expand(config.summary.text), kMaxSummaryRunes);
  const std::string description =
      TruncateRunes(texts->Expand(config.description.text), kMaxDescriptionRunes);
  if (config.version3) {
    fields["description"] = DocumentOf(description);
  } else {
    fields["description"] = description;
  }
  std::vector<std::string> labels = {GroupLabel(notification)};
  for (const TemplateText& label : config.labels) labels.push_back(texts->Expand(label));
  std::sort(labels.begin(), labels.end());
  fields["labels"] = labels;
  const std::string priority = texts->Expand(config.priority);
  if (!priority.empty()) fields["priority"] = {{"name", priority}};
  return fields;
}

absl::Status Write(const JiraConfig& config, const Notification& notification,
                   NotificationTexts* texts, Delivery* delivery) {
  const std::string project = texts->Expand(config.project);
  Errand errand;
  errand.api_url = config.api_url;
  errand.firing = notification.firing();
  errand.created = IssueFields(config, notification, project, texts);
  errand.updated = errand.created;
  if (!config.summary.update) errand.updated.erase("summary");
  if (!config.description.update) errand.updated.erase("description");
  errand.resolve_transition = config.resolve_transition;
  errand.reopen_transition = config.reopen_transition;
  *delivery = std::move(*Request(errand, "POST", config.cloud ? "/search/jql" : "/search",
                                 SearchBody(config, notification, project)));
  delivery->then = [errand = std::make_shared<const Errand>(std::move(errand))](
                       const HttpAnswer& answer) { return AfterSearch(errand, answer); };
  return absl::OkStatus();
}

// A text, or {template: TEXT, enable_update: BOOL}.
IssueText TakeIssueText(std::string_view name, std::string_view fallback, ChannelFields* fields) {
  IssueText issue_text;
  const YAML::Node node = fields->map().Take(name);
  if (!node.IsMap()) {
    issue_text.text = fields->TakeTemplate(name, fallback);
    return issue_text;
  }
  YamlMap map(node, name, &fields->errors());
  issue_text.text = map.Has("template") ? fields->TakePart("template", &map)
                                        : fields->Template(YAML::Node(std::string(fallback)), name);
  map.TakeBool("enable_update", &issue_text.update);
  map.Finish();
  return issue_text;
}

void ReadAddress(ChannelFields* fields, JiraConfig* config) {
  config->api_url = fields->TakeString("api_url", fields->reading().defaults.jira_api_url);
  if (config->api_url.empty()) {
    return fields->errors().Add(fields->node(), "no global Jira Cloud URL set");
  }
  fields->CheckUrl("api_url", config->api_url);
  while (config->api_url.ends_with('/')) config->api_url.pop_back();
  config->version3 = config->api_url.ends_with("/3");
  const std::string type = fields->TakeString("api_type", "auto");
  if (type != "auto" && type != "cloud" && type != "datacenter") {
    fields->errors().Add(fields->map().MarkOf("api_type"),
                         "unknown api_type on jira_config, must be auto, cloud or datacenter");
  }
  config->cloud = type == "cloud" ||
                  (type == "auto" && config->api_url.find(".atlassian.net/") != std::string::npos);
}

void ReadTransitions(ChannelFields* fields, JiraConfig* config) {
  config->resolve_transition = fields->TakeString("resolve_transition");
  config->reopen_transition = fields->TakeString("reopen_transition");
  config->wont_fix_resolution = fields->TakeString("wont_fix_resolution");
  fields->map().TakeDurationMs("reopen_duration", &config->reopen_duration_ms);
}

void ReadIssueFields(ChannelFields* fields, JiraConfig* config) {
  for (const YAML::Node& label : fields->TakeList("labels")) {
    config->labels.push_back(fields->Template(label, "labels"));
  }
  YamlMap map(fields->map().Take("fields"), "fields", &fields->errors());
  for (const std::string& name : map.Names()) {
    config->fields.emplace_back(name, Payload::ReadValue(map.Take(name), name, fields));
  }
}

}  // namespace

std::unique_ptr<Channel> ReadJira(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "jira_configs", reading);
  JiraConfig config;
  ReadAddress(&fields, &config);
  config.project = fields.TakeTemplate("project");
  if (config.project.empty()) fields.errors().Add(node, "missing project in jira_config");
  config.issue_type = fields.TakeTemplate("issue_type");
  if (config.issue_type.empty()) fields.errors().Add(node, "missing issue_type in jira_config");
  config.summary = TakeIssueText("summary", R"({{ template "jira.default.summary" . }})", &fields);
  config.description =
      TakeIssueText("description", R"({{ template "jira.default.description" . }})", &fields);
  config.priority = fields.TakeTemplate("priority", R"({{ template "jira.default.priority" . }})");
  ReadIssueFields(&fields, &config);
  ReadTransitions(&fields, &config);
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  return MakeSimpleChannel(
      "jira", std::move(settings),
      [config = std::move(config)](const Notification& notification, NotificationTexts* texts,
                                   Delivery* delivery) {
        return Write(config, notification, texts, delivery);
      });
}

}  // namespace vigil::alerting
