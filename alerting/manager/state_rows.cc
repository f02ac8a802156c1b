// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/state_rows.h"

#include <utility>
#include <vector>

#include <absl/functional/function_ref.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/evidence_json.h"
#include "alerting/labels_json.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::json;
using storage::Labels;

constexpr int kVersion = 1;

std::string Dump(Json row) {
  row["v"] = kVersion;
  // Texts are checked on their way in; should one slip through, it is mended, not thrown about.
  return row.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Parses `row` and has `read` take the fields out, which may throw what nlohmann throws.
absl::Status Read(std::string_view row, absl::FunctionRef<void(const Json&)> read) {
  try {
    const Json json = Json::parse(row);
    if (const int version = json.at("v").get<int>(); version != kVersion) {
      return absl::FailedPreconditionError(
          fmt::format("row format {} is not known, only {} is", version, kVersion));
    }
    read(json);
    return absl::OkStatus();
  } catch (const Json::exception& e) {
    return absl::DataLossError(e.what());
  }
}

void PutIntegration(const Integration& integration, Json* json) {
  (*json)["group"] = integration.group_id;
  (*json)["receiver"] = integration.receiver;
  (*json)["index"] = integration.index;
  if (integration.kind != "webhook") (*json)["kind"] = integration.kind;
}

Integration IntegrationFrom(const Json& json) {
  return {json.at("group").get<std::string>(), json.at("receiver").get<std::string>(),
          json.at("index").get<int>(), json.value("kind", "webhook")};
}

void PutSets(const AlertSets& sets, Json* json) {
  (*json)["firing"] = sets.firing;
  (*json)["resolved"] = sets.resolved;
  if (!sets.flapping.empty()) (*json)["flapping"] = sets.flapping;
}

AlertSets SetsFrom(const Json& json) {
  return {json.at("firing").get<std::vector<uint64_t>>(),
          json.at("resolved").get<std::vector<uint64_t>>(),
          json.value("flapping", std::vector<uint64_t>())};
}

// What digests have and others do not.
void PutCovers(const OutboxEntry& entry, Json* json) {
  if (entry.covers.empty()) return;
  Json& covers = (*json)["covers"];
  for (const auto& [group_id, told] : entry.covers) {
    Json cover = {{"group", group_id}};
    PutSets(told, &cover);
    covers.push_back(std::move(cover));
  }
  (*json)["passed"] = entry.passed;
}

void CoversFrom(const Json& json, OutboxEntry* entry) {
  if (!json.contains("covers")) return;
  for (const Json& cover : json.at("covers")) {
    entry->covers[cover.at("group").get<std::string>()] = SetsFrom(cover);
  }
  json.at("passed").get_to(entry->passed);
}

Json OutboxJson(const OutboxEntry& entry) {
  Json json = {{"sequence", entry.sequence},
               {"id", entry.id},
               {"body", entry.body},
               {"flushed", entry.flushed_at_ms},
               {"deadline", entry.deadline_ms},
               {"next", entry.next_attempt_ms},
               {"attempts", entry.attempts},
               {"error", entry.last_error}};
  PutIntegration(entry.integration, &json);
  PutSets(entry.told, &json);
  PutCovers(entry, &json);
  return json;
}

absl::StatusOr<storage::Matcher> MatcherFrom(const Json& json) {
  const std::string op = json.at("op").get<std::string>();
  for (const storage::MatchType type :
       {storage::MatchType::kEqual, storage::MatchType::kNotEqual, storage::MatchType::kRegex,
        storage::MatchType::kNotRegex}) {
    if (op != storage::MatchOperator(type)) continue;
    return storage::Matcher::Create(type, json.at("name").get<std::string>(),
                                    json.at("value").get<std::string>());
  }
  return absl::DataLossError("op: not one of =, !=, =~, !~");
}

void OutboxFrom(const Json& json, OutboxEntry* entry) {
  entry->integration = IntegrationFrom(json);
  entry->told = SetsFrom(json);
  json.at("sequence").get_to(entry->sequence);
  json.at("id").get_to(entry->id);
  json.at("body").get_to(entry->body);
  json.at("flushed").get_to(entry->flushed_at_ms);
  json.at("deadline").get_to(entry->deadline_ms);
  json.at("next").get_to(entry->next_attempt_ms);
  json.at("attempts").get_to(entry->attempts);
  json.at("error").get_to(entry->last_error);
  CoversFrom(json, entry);
}

}  // namespace

std::string AlertKey(uint64_t fingerprint) {
  return fmt::format("{}{:016x}", kAlertRows, fingerprint);
}

std::string FlapKey(uint64_t fingerprint) {
  return fmt::format("{}{:016x}", kFlapRows, fingerprint);
}

std::string RowKey(std::string_view prefix, std::string_view rest) {
  return fmt::format("{}{}", prefix, rest);
}

std::string ReceiptKey(int64_t delivered_at_ms, std::string_view id) {
  return fmt::format("{}{:016x}/{}", kReceiptRows, static_cast<uint64_t>(delivered_at_ms), id);
}

std::string EncodeAlert(const StoredAlert& alert) {
  Json json = {{"labels", EncodeLabels<Json>(alert.alert.labels)},
               {"annotations", EncodeLabels<Json>(alert.alert.annotations)},
               {"start", alert.alert.starts_at_ms},
               {"end", alert.alert.ends_at_ms},
               {"url", alert.alert.generator_url},
               {"reason", alert.alert.reason},
               {"updated", alert.updated_at_ms},
               {"timeout", alert.ends_by_timeout},
               {"groups", alert.groups}};
  if (alert.alert.value.has_value()) json["value"] = FormatValue(*alert.alert.value);
  if (alert.alert.evidence != nullptr) {
    json["evidence"] = EncodeEvidence<Json>(*alert.alert.evidence);
  }
  return Dump(std::move(json));
}

absl::StatusOr<StoredAlert> DecodeAlert(std::string_view row) {
  StoredAlert alert;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) {
    alert.alert.labels = DecodeLabels(json.at("labels"));
    alert.alert.annotations = DecodeLabels(json.at("annotations"));
    json.at("start").get_to(alert.alert.starts_at_ms);
    json.at("end").get_to(alert.alert.ends_at_ms);
    json.at("url").get_to(alert.alert.generator_url);
    alert.alert.reason = json.value("reason", "");  // Older rows have none.
    double value = 0;
    if (ParseDouble(json.value("value", ""), &value)) alert.alert.value = value;
    alert.alert.evidence = DecodeEvidence(json);
    json.at("updated").get_to(alert.updated_at_ms);
    json.at("timeout").get_to(alert.ends_by_timeout);
    json.at("groups").get_to(alert.groups);
  }));
  if (alert.alert.labels.empty()) return absl::DataLossError("labels: there are none");
  alert.fingerprint = Fingerprint(alert.alert.labels);
  return alert;
}

std::string EncodeGroup(const Group& group) {
  return Dump({{"tick", group.tick_ms}, {"flushed", group.flushed}});
}

absl::StatusOr<Group> DecodeGroup(std::string_view id, std::string_view row) {
  Group group;
  group.id = std::string(id);
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) {
    json.at("tick").get_to(group.tick_ms);
    json.at("flushed").get_to(group.flushed);
  }));
  if (group.tick_ms < 0) return absl::DataLossError("tick: before 1970");
  group.next_flush_ms = group.tick_ms;
  group.stored_tick_ms = group.tick_ms;
  return group;
}

std::string EncodeLogEntry(const LogEntry& entry) {
  Json json = {{"time", entry.timestamp_ms}, {"expires", entry.expires_at_ms}};
  if (!entry.receiver_data.empty()) json["data"] = entry.receiver_data;
  PutIntegration(entry.integration, &json);
  PutSets(entry.told, &json);
  return Dump(std::move(json));
}

absl::StatusOr<LogEntry> DecodeLogEntry(std::string_view row) {
  LogEntry entry;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) {
    entry.integration = IntegrationFrom(json);
    entry.told = SetsFrom(json);
    json.at("time").get_to(entry.timestamp_ms);
    json.at("expires").get_to(entry.expires_at_ms);
    entry.receiver_data = json.value("data", "");
  }));
  return entry;
}

std::string EncodeOutboxEntry(const OutboxEntry& entry) { return Dump(OutboxJson(entry)); }

absl::StatusOr<OutboxEntry> DecodeOutboxEntry(std::string_view row) {
  OutboxEntry entry;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) { OutboxFrom(json, &entry); }));
  return entry;
}

std::string EncodeReceipt(const Receipt& receipt) {
  Json json = {{"id", receipt.id},
               {"time", receipt.delivered_at_ms},
               {"attempts", receipt.failed_attempts + 1},
               {"status", receipt.http_status}};
  PutIntegration(receipt.integration, &json);
  return Dump(std::move(json));
}

std::string EncodeDeadLetter(const DeadLetter& letter) {
  Json json = OutboxJson(letter.entry);
  json["reason"] = letter.reason;
  json["time"] = letter.at_ms;
  return Dump(std::move(json));
}

absl::StatusOr<Receipt> DecodeReceipt(std::string_view row) {
  Receipt receipt;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) {
    receipt.integration = IntegrationFrom(json);
    json.at("id").get_to(receipt.id);
    json.at("time").get_to(receipt.delivered_at_ms);
    receipt.failed_attempts = json.at("attempts").get<int64_t>() - 1;
    json.at("status").get_to(receipt.http_status);
  }));
  return receipt;
}

absl::StatusOr<DeadLetter> DecodeDeadLetter(std::string_view row) {
  DeadLetter letter;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) {
    OutboxFrom(json, &letter.entry);
    json.at("reason").get_to(letter.reason);
    json.at("time").get_to(letter.at_ms);
  }));
  return letter;
}

absl::StatusOr<int64_t> DecodeDeadLetterTime(std::string_view row) {
  int64_t time_ms = 0;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) { json.at("time").get_to(time_ms); }));
  return time_ms;
}

std::string EncodeSilence(const Silence& silence) {
  Json matchers = Json::array();
  for (const storage::Matcher& matcher : silence.matchers) {
    matchers.push_back({{"name", matcher.name()},
                        {"op", storage::MatchOperator(matcher.type())},
                        {"value", matcher.value()}});
  }
  return Dump({{"matchers", std::move(matchers)},
               {"start", silence.starts_at_ms},
               {"end", silence.ends_at_ms},
               {"updated", silence.updated_at_ms},
               {"by", silence.created_by},
               {"comment", silence.comment},
               {"annotations", silence.annotations}});
}

absl::StatusOr<Silence> DecodeSilence(std::string_view id, std::string_view row) {
  Silence silence;
  silence.id = std::string(id);
  absl::Status wrong;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) {
    for (const Json& entry : json.at("matchers")) {
      absl::StatusOr<storage::Matcher> matcher = MatcherFrom(entry);
      if (matcher.ok()) {
        silence.matchers.push_back(*std::move(matcher));
      } else {
        wrong = absl::DataLossError(fmt::format("matchers: {}", MessageOf(matcher.status())));
      }
    }
    json.at("start").get_to(silence.starts_at_ms);
    json.at("end").get_to(silence.ends_at_ms);
    json.at("updated").get_to(silence.updated_at_ms);
    json.at("by").get_to(silence.created_by);
    json.at("comment").get_to(silence.comment);
    json.at("annotations").get_to(silence.annotations);
  }));
  if (!wrong.ok()) return wrong;
  if (silence.matchers.empty()) return absl::DataLossError("matchers: there are none");
  return silence;
}

std::string EncodeFlaps(const FlapEntry& entry) {
  return Dump({{"fires", entry.fires},
               {"flapping", entry.flapping},
               {"within", entry.within_ms},
               {"calm", entry.calm_ms}});
}

absl::StatusOr<FlapEntry> DecodeFlaps(std::string_view row) {
  FlapEntry entry;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) {
    json.at("fires").get_to(entry.fires);
    json.at("flapping").get_to(entry.flapping);
    json.at("within").get_to(entry.within_ms);
    json.at("calm").get_to(entry.calm_ms);
  }));
  if (entry.fires.empty()) return absl::DataLossError("fires: there are none");
  return entry;
}

std::string EncodeBudget(const Budget& budget) {
  return Dump({{"spent", budget.spent()}, {"held", budget.held()}, {"passed", budget.passed()}});
}

absl::StatusOr<Budget> DecodeBudget(std::string_view row) {
  std::vector<int64_t> spent;
  Budget::HeldGroups held;
  std::map<std::string, int64_t> passed;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) {
    json.at("spent").get_to(spent);
    for (const auto& [group_id, since] : json.at("held").items()) {
      held[group_id] = since.get<int64_t>();
    }
    json.at("passed").get_to(passed);
  }));
  return Budget::Restore(std::move(spent), std::move(held), std::move(passed));
}

std::string EncodeSequence(uint64_t sequence) { return Dump({{"last", sequence}}); }

absl::StatusOr<uint64_t> DecodeSequence(std::string_view row) {
  uint64_t sequence = 0;
  VIGIL_RETURN_IF_ERROR(Read(row, [&](const Json& json) { json.at("last").get_to(sequence); }));
  return sequence;
}

}  // namespace vigil::alerting
