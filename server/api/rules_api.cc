// SPDX-License-Identifier: Apache-2.0
#include "server/api/rules_api.h"

#include <openssl/sha.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/rules/rule_engine.h"
#include "base/json_writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/promql/parser.h"
#include "server/api/alert_json.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/api/api_time.h"
#include "server/api/query_json.h"
#include "storage/series/labels.h"

namespace vigil::server {
namespace {

using alerting::ActiveAlert;
using alerting::AlertState;
using alerting::GroupStatus;
using alerting::RuleStatus;

// Which rules are asked for.
struct RuleFilter {
  std::string type;  // "alert", "record", or "" for both.
  bool with_alerts = true;
  std::vector<std::string_view> names;
  std::vector<std::string_view> groups;
  std::vector<std::string_view> files;
  std::vector<Selector> selectors;
  size_t group_limit = 0;  // 0: all.
  std::string_view token;  // Of the group to begin with, "" for the first.
};

absl::Status ReadPage(const ApiParams& params, RuleFilter* filter) {
  filter->token = params.First("group_next_token");
  const std::string_view limit_text = params.First("group_limit");
  if (limit_text.empty()) {
    if (filter->token.empty()) return absl::OkStatus();
    return InvalidParameter("group_next_token",
                            "group_limit needs to be present in order to paginate over the groups");
  }
  const absl::StatusOr<int64_t> limit = ParseGoInt(limit_text, "ParseInt");
  if (!limit.ok()) {
    return InvalidParameter("group_limit", fmt::format("group_limit needs to be a valid number: {}",
                                                       MessageOf(limit.status())));
  }
  if (*limit <= 0) {
    return InvalidParameter("group_limit", "group_limit needs to be greater than 0");
  }
  filter->group_limit = static_cast<size_t>(*limit);
  return absl::OkStatus();
}

absl::StatusOr<RuleFilter> ReadFilter(const ApiParams& params) {
  RuleFilter filter;
  filter.type = ToLower(params.First("type"));
  if (!filter.type.empty() && filter.type != "alert" && filter.type != "record") {
    return InvalidParameter("type",
                            fmt::format("not supported value {}", storage::Quote(filter.type)));
  }
  if (const std::string_view text = params.First("exclude_alerts"); !text.empty()) {
    const absl::StatusOr<bool> exclude = ParseGoBool(text);
    if (!exclude.ok()) {
      return InvalidParameter("exclude_alerts", fmt::format("error converting exclude_alerts: {}",
                                                            MessageOf(exclude.status())));
    }
    filter.with_alerts = !*exclude;
  }
  VIGIL_RETURN_IF_ERROR(ReadPage(params, &filter));
  VIGIL_ASSIGN_OR_RETURN(filter.selectors, ParseSelectors(params));
  VIGIL_RETURN_IF_ERROR(CheckSelective(filter.selectors));
  filter.names = params.All("rule_name[]");
  filter.groups = params.All("rule_group[]");
  filter.files = params.All("file[]");
  return filter;
}

// Whether `value` is one of `wanted`, or anything is.
bool IsWanted(const std::vector<std::string_view>& wanted, std::string_view value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

storage::Labels LabelsOf(const std::vector<std::pair<std::string, std::string>>& pairs) {
  storage::LabelsBuilder labels;
  for (const auto& [name, value] : pairs) labels.Set(name, value);
  return labels.Build();
}

bool IsWanted(const RuleFilter& filter, const RuleStatus& status) {
  const alerting::Rule& rule = status.rule;
  if (!filter.type.empty() && (filter.type == "alert") != rule.IsAlert()) return false;
  if (!IsWanted(filter.names, rule.name())) return false;
  const storage::Labels labels = LabelsOf(rule.labels);
  return filter.selectors.empty() ||
         std::any_of(filter.selectors.begin(), filter.selectors.end(),
                     [&labels](const Selector& selector) { return MatchesAll(selector, labels); });
}

// With an exponent always: "1e+00".
std::string ExponentText(double value) {
  if (!std::isfinite(value)) return FormatValue(value);
  char buffer[32];
  return {buffer,
          std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr};
}

// The text of an expression as it was understood.
std::string PrintedExpr(const std::string& text) {
  const absl::StatusOr<promql::ExprPtr> expr = promql::ParseExpr(text);
  return expr.ok() ? promql::Print(**expr) : text;
}

class RuleWriter {
 public:
  RuleWriter(bool with_alerts, JsonWriter* json) : with_alerts_(with_alerts), json_(*json) {}

  void Group(const GroupStatus& group) {
    json_.BeginObject();
    Text("name", group.name);
    Text("file", group.file);
    json_.Key("rules");
    json_.BeginArray();
    for (const RuleStatus& rule : group.rules) Rule(rule);
    json_.EndArray();
    Seconds("interval", group.interval_ms);
    json_.Key("limit");
    json_.Int(group.limit);
    Evaluation(group.evaluation_seconds, group.last_evaluation_ms);
    json_.EndObject();
  }

  void Alert(const ActiveAlert& alert) {
    json_.BeginObject();
    Labels("labels", alert.labels);
    Labels("annotations", alert.annotations);
    Text("state", AlertStateName(alert.state));
    Text("activeAt", ApiTimeText(alert.active_at_ms));
    if (alert.keep_firing_since_ms != 0) {
      Text("keepFiringSince", ApiTimeText(alert.keep_firing_since_ms));
    }
    Text("value", ExponentText(alert.value));
    // Beyond Prometheus: why it is active where the data do not say so.
    if (alert.reason != alerting::AlertReason::kNone) {
      Text("reason", alerting::AlertReasonName(alert.reason));
    }
    if (alert.evidence != nullptr) {
      json_.Key("vigil");
      WriteEvidence(*alert.evidence, &json_);
    }
    json_.EndObject();
  }

 private:
  void Rule(const RuleStatus& status) {
    const alerting::Rule& rule = status.rule;
    json_.BeginObject();
    if (rule.IsAlert()) Text("state", AlertStateName(StateOf(status)));
    Text("name", rule.name());
    Text("query", PrintedExpr(rule.expr));
    if (rule.IsAlert()) {
      Seconds("duration", rule.for_ms);
      Seconds("keepFiringFor", rule.keep_firing_for_ms);
    }
    // Of recording rules Prometheus tells labels only if there are any.
    if (rule.IsAlert() || !rule.labels.empty()) Pairs("labels", rule.labels);
    if (rule.IsAlert()) {
      Pairs("annotations", rule.annotations);
      Alerts(status.alerts);
    }
    Text("health", alerting::RuleHealthName(status.health));
    if (!status.last_error.empty()) Text("lastError", status.last_error);
    Inputs(status.inputs);
    Evaluation(status.evaluation_seconds, status.last_evaluation_ms);
    Text("type", rule.IsAlert() ? "alerting" : "recording");
    json_.EndObject();
  }

  // Beyond Prometheus: whether the rule has anything to look at.
  void Inputs(const alerting::InputStatus& inputs) {
    if (inputs.state == alerting::InputState::kUnknown) return;
    json_.Key("inputs");
    json_.BeginObject();
    Text("state", alerting::InputStateName(inputs.state));
    Text("since", ApiTimeText(inputs.since_ms));
    json_.Key("missing");
    json_.BeginArray();
    for (const std::string& selector : inputs.missing) json_.Text(selector);
    json_.EndArray();
    json_.EndObject();
  }

  static AlertState StateOf(const RuleStatus& status) {
    AlertState state = AlertState::kInactive;
    for (const ActiveAlert& alert : status.alerts) state = std::max(state, alert.state);
    return state;
  }

  void Alerts(const std::vector<ActiveAlert>& alerts) {
    json_.Key("alerts");
    if (!with_alerts_) return json_.Null();
    json_.BeginArray();
    for (const ActiveAlert& alert : alerts) Alert(alert);
    json_.EndArray();
  }
  void Text(std::string_view key, std::string_view text) {
    json_.Key(key);
    json_.Text(text);
  }
  void Labels(std::string_view key, const storage::Labels& labels) {
    json_.Key(key);
    WriteLabels(labels, &json_);
  }
  // As they stand in the file, empty ones among them.
  void Pairs(std::string_view key, std::vector<std::pair<std::string, std::string>> pairs) {
    std::sort(pairs.begin(), pairs.end());
    json_.Key(key);
    json_.BeginObject();
    for (const auto& [name, value] : pairs) {
      json_.EscapedKey(name);
      json_.LabelText(value);
    }
    json_.EndObject();
  }
  void Seconds(std::string_view key, int64_t duration_ms) {
    json_.Key(key);
    json_.Number(static_cast<double>(duration_ms) / kMillisPerSecond);
  }
  void Evaluation(double seconds, int64_t last_ms) {
    json_.Key("evaluationTime");
    json_.Number(seconds);
    Text("lastEvaluation", ApiTimeText(last_ms));
  }

  const bool with_alerts_;
  JsonWriter& json_;
};

// The groups of one page, with the rules that are wanted, and the token of the next page.
struct Page {
  std::vector<GroupStatus> groups;
  std::string next_token;
};

absl::StatusOr<Page> TakePage(const RuleFilter& filter, std::vector<GroupStatus> all) {
  std::sort(all.begin(), all.end(), [](const GroupStatus& a, const GroupStatus& b) {
    return std::tie(a.file, a.name) < std::tie(b.file, b.name);
  });
  Page page;
  bool begun = filter.token.empty();
  for (GroupStatus& group : all) {
    if (!IsWanted(filter.files, group.file) || !IsWanted(filter.groups, group.name)) continue;
    if (!begun && GroupToken(group.file, group.name) != filter.token) continue;
    begun = true;
    std::erase_if(group.rules, [&](const RuleStatus& rule) { return !IsWanted(filter, rule); });
    if (filter.group_limit != 0 && page.groups.size() == filter.group_limit) {
      page.next_token = GroupToken(group.file, group.name);
      break;
    }
    if (!group.rules.empty()) page.groups.push_back(std::move(group));
  }
  if (!begun) {
    return InvalidParameter(
        "group_next_token",
        fmt::format("invalid group_next_token '{}'. were rule groups changed?", filter.token));
  }
  return page;
}

}  // namespace

std::string GroupToken(std::string_view file, std::string_view group) {
  const std::string text = fmt::format("{};{}", file, group);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return ToHex({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

absl::StatusOr<HttpResponse> ListRules(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  VIGIL_ASSIGN_OR_RETURN(const RuleFilter filter, ReadFilter(params));
  VIGIL_ASSIGN_OR_RETURN(const Page page, TakePage(filter, parts.rules->Status()));
  return Success([&](JsonWriter& json) {
    json.BeginObject();
    json.Key("groups");
    json.BeginArray();
    RuleWriter writer(filter.with_alerts, &json);
    for (const GroupStatus& group : page.groups) writer.Group(group);
    json.EndArray();
    if (!page.next_token.empty()) {
      json.Key("groupNextToken");
      json.Text(page.next_token);
    }
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ListAlerts(const ApiParts& parts, const HttpRequest&) {
  const std::vector<GroupStatus> groups = parts.rules->Status();
  return Success([&groups](JsonWriter& json) {
    json.BeginObject();
    json.Key("alerts");
    json.BeginArray();
    RuleWriter writer(true, &json);
    for (const GroupStatus& group : groups) {
      for (const RuleStatus& rule : group.rules) {
        for (const ActiveAlert& alert : rule.alerts) writer.Alert(alert);
      }
    }
    json.EndArray();
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ListAlertmanagers(const ApiParts& parts, const HttpRequest&) {
  std::vector<std::string> urls;
  if (parts.alertmanagers != nullptr) urls = parts.alertmanagers();
  return Success([&urls](JsonWriter& json) {
    json.BeginObject();
    json.Key("activeAlertmanagers");
    json.BeginArray();
    for (const std::string& url : urls) {
      json.BeginObject();
      json.TextMember("url", url);
      json.EndObject();
    }
    json.EndArray();
    json.Key("droppedAlertmanagers");
    json.Raw("[]");
    json.EndObject();
  });
}

}  // namespace vigil::server
