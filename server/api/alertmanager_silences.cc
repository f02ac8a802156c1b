// SPDX-License-Identifier: Apache-2.0
#include "server/api/alertmanager_silences.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/status.h"

namespace vigil::server {
namespace {

using alerting::Silence;
using alerting::SilenceState;
using alerting::SilenceStore;
using storage::Matcher;
using storage::MatchType;
using Json = nlohmann::json;

void WriteMatcher(const Matcher& matcher, JsonWriter* json) {
  json->BeginObject();
  json->BoolMember("isEqual", !matcher.IsNegated());
  json->BoolMember("isRegex",
                   matcher.type() == MatchType::kRegex || matcher.type() == MatchType::kNotRegex);
  json->TextMember("name", matcher.name());
  json->TextMember("value", matcher.value());
  json->EndObject();
}

// In the order in which Alertmanager writes the fields.
void WriteSilence(const Silence& silence, int64_t now_ms, JsonWriter* json) {
  json->BeginObject();
  json->TextMember("id", silence.id);
  json->Key("status");
  json->BeginObject();
  json->TextMember("state", SilenceStateName(silence.StateAt(now_ms)));
  json->EndObject();
  WriteTime("updatedAt", silence.updated_at_ms, json);
  if (!silence.annotations.empty()) {
    json->Key("annotations");
    json->BeginObject();
    for (const auto& [name, value] : silence.annotations) {
      json->EscapedKey(name);
      json->Text(value);
    }
    json->EndObject();
  }
  json->TextMember("comment", silence.comment);
  json->TextMember("createdBy", silence.created_by);
  WriteTime("endsAt", silence.ends_at_ms, json);
  json->Key("matchers");
  json->BeginArray();
  for (const Matcher& matcher : silence.matchers) WriteMatcher(matcher, json);
  json->EndArray();
  WriteTime("startsAt", silence.starts_at_ms, json);
  json->EndObject();
}

bool IsSet(const Json& json, const char* name) {
  const auto at = json.find(name);
  return at != json.end() && at->get<bool>();
}

absl::StatusOr<Matcher> ReadMatcher(const Json& json) {
  const bool equal = !json.contains("isEqual") || IsSet(json, "isEqual");
  const MatchType type = IsSet(json, "isRegex")
                             ? (equal ? MatchType::kRegex : MatchType::kNotRegex)
                             : (equal ? MatchType::kEqual : MatchType::kNotEqual);
  return Matcher::Create(type, json.at("name").get<std::string>(),
                         json.at("value").get<std::string>());
}

absl::StatusOr<Silence> ReadSilence(const Json& json) {
  Silence silence;
  for (const Json& entry : json.at("matchers")) {
    VIGIL_ASSIGN_OR_RETURN_WITH(Matcher matcher, ReadMatcher(entry), "invalid silence");
    silence.matchers.push_back(std::move(matcher));
  }
  VIGIL_ASSIGN_OR_RETURN(silence.starts_at_ms, ReadTime(json.at("startsAt").get<std::string>()));
  VIGIL_ASSIGN_OR_RETURN(silence.ends_at_ms, ReadTime(json.at("endsAt").get<std::string>()));
  json.at("createdBy").get_to(silence.created_by);
  json.at("comment").get_to(silence.comment);
  if (const auto at = json.find("id"); at != json.end() && !at->is_null()) at->get_to(silence.id);
  if (const auto at = json.find("annotations"); at != json.end() && !at->is_null()) {
    at->get_to(silence.annotations);
  }
  return silence;
}

std::string_view IdOf(const HttpRequest& request) {
  return std::string_view(request.path).substr(kSilencePrefix.size());
}

}  // namespace

absl::StatusOr<HttpResponse> ListSilences(const AlertmanagerParts& parts,
                                          const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Matcher> matchers, MatcherParameters(request, "filter"));
  const int64_t now_ms = parts.clock->NowMs();
  const SilenceStore store = parts.manager->Silences();
  const std::vector<const Silence*> silences = alerting::SortedSilences(
      store,
      [&](const Silence& silence, SilenceState state) {
        return Flag(request, SilenceStateName(state)) && silence.HasMatchers(matchers);
      },
      now_ms);
  return JsonAnswer([&](JsonWriter& json) {
    json.BeginArray();
    for (const Silence* const silence : silences) WriteSilence(*silence, now_ms, &json);
    json.EndArray();
  });
}

absl::StatusOr<HttpResponse> PostSilence(const AlertmanagerParts& parts,
                                         const HttpRequest& request) {
  Silence silence;
  VIGIL_RETURN_IF_ERROR(ReadJsonBody(request, "silence", [&silence](std::string_view body) {
    VIGIL_ASSIGN_OR_RETURN(silence, ReadSilence(Json::parse(body)));
    return absl::OkStatus();
  }));
  VIGIL_ASSIGN_OR_RETURN(const std::string id,
                         parts.manager->SetSilence(std::move(silence), parts.clock->NowMs()));
  return JsonAnswer([&id](JsonWriter& json) {
    json.BeginObject();
    json.TextMember("silenceID", id);
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ShowSilence(const AlertmanagerParts& parts,
                                         const HttpRequest& request) {
  const SilenceStore store = parts.manager->Silences();
  const Silence* const silence = store.Find(IdOf(request));
  if (silence == nullptr) return absl::NotFoundError("silence not found");
  return JsonAnswer([&](JsonWriter& json) { WriteSilence(*silence, parts.clock->NowMs(), &json); });
}

absl::StatusOr<HttpResponse> ExpireSilence(const AlertmanagerParts& parts,
                                           const HttpRequest& request) {
  VIGIL_RETURN_IF_ERROR(parts.manager->ExpireSilence(IdOf(request), parts.clock->NowMs()));
  return HttpResponse();
}

}  // namespace vigil::server
