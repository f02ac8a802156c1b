// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/trail.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include <absl/hash/hash.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::json;
using storage::Family;

constexpr int kVersion = 1;
constexpr size_t kFingerprintDigits = 16;
constexpr size_t kTimeDigits = 16;

std::string KeyAt(int64_t time_ms) {
  return fmt::format("{}{:016x}", kTrailRows, std::max<int64_t>(0, time_ms));
}

storage::KeyRange TrailKeys(TimeRange range) {
  const bool open = range.end_ms == INT64_MAX;
  return {KeyAt(range.start_ms),
          open ? storage::PrefixEnd(kTrailRows) : KeyAt(std::max<int64_t>(-1, range.end_ms) + 1)};
}

absl::Status BadRow(std::string_view why) {
  return absl::DataLossError(fmt::format("row of the trail: {}", why));
}

bool ParseHex(std::string_view digits, uint64_t* value) {
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, *value, 16);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

// One text of all digits: fifty alerts in a row are common, and numbers take more room.
std::string Joined(const std::vector<uint64_t>& fingerprints) {
  std::string text;
  text.reserve(fingerprints.size() * kFingerprintDigits);
  for (const uint64_t fingerprint : fingerprints) text += FingerprintText(fingerprint);
  return text;
}

bool ParseJoined(std::string_view text, std::vector<uint64_t>* fingerprints) {
  if (text.size() % kFingerprintDigits != 0) return false;
  for (size_t at = 0; at < text.size(); at += kFingerprintDigits) {
    if (!ParseHex(text.substr(at, kFingerprintDigits), &fingerprints->emplace_back())) return false;
  }
  return true;
}

void PutUnlessEmpty(const char* name, const std::string& value, Json* json) {
  if (!value.empty()) (*json)[name] = value;
}

void PutIntegration(const Integration& integration, Json* json) {
  (*json)["group"] = integration.group_id;
  (*json)["receiver"] = integration.receiver;
  PutUnlessEmpty("kind", integration.kind, json);
  if (integration.index != 0) (*json)["index"] = integration.index;
}

Integration IntegrationFrom(const Json& json) {
  return {json.at("group").get<std::string>(), json.at("receiver").get<std::string>(),
          json.value("index", 0), json.value("kind", "")};
}

Json HeldJson(const HeldAlerts& held) {
  Json json = {{"alerts", Joined(held.alerts)}};
  if (held.inhibited_by.has_value()) json["inhibited"] = FingerprintText(*held.inhibited_by);
  if (!held.silenced_by.empty()) json["silenced"] = held.silenced_by;
  if (!held.muted_by.empty()) json["muted"] = held.muted_by;
  PutUnlessEmpty("budget", held.budget, &json);
  return json;
}

bool HeldFrom(const Json& json, HeldAlerts* held) {
  held->silenced_by = json.value("silenced", std::vector<std::string>());
  held->muted_by = json.value("muted", std::vector<std::string>());
  held->budget = json.value("budget", "");
  if (const std::string by = json.value("inhibited", ""); !by.empty()) {
    if (!ParseHex(by, &held->inhibited_by.emplace())) return false;
  }
  return ParseJoined(json.at("alerts").get<std::string>(), &held->alerts);
}

Json ToJson(const TrailFlush& flush) {
  Json json;
  PutIntegration(flush.integration, &json);
  if (flush.group_key != flush.integration.group_id) json["key"] = flush.group_key;
  PutUnlessEmpty("reason", flush.reason, &json);
  PutUnlessEmpty("id", flush.notification_id, &json);
  PutUnlessEmpty("firing", Joined(flush.told.firing), &json);
  PutUnlessEmpty("resolved", Joined(flush.told.resolved), &json);
  for (const HeldAlerts& held : flush.held) json["held"].push_back(HeldJson(held));
  return json;
}

bool FlushFrom(const Json& json, TrailFlush* flush) {
  flush->integration = IntegrationFrom(json);
  flush->group_key = json.value("key", flush->integration.group_id);
  flush->reason = json.value("reason", "");
  flush->notification_id = json.value("id", "");
  for (const Json& held : json.value("held", Json::array())) {
    if (!HeldFrom(held, &flush->held.emplace_back())) return false;
  }
  return ParseJoined(json.value("firing", ""), &flush->told.firing) &&
         ParseJoined(json.value("resolved", ""), &flush->told.resolved);
}

Json ToJson(const TrailAttempt& attempt) {
  Json json = {{"attempt", attempt.notification_id}};
  PutIntegration(attempt.integration, &json);
  if (attempt.status != 0) json["status"] = attempt.status;
  if (attempt.delivered) json["delivered"] = true;
  PutUnlessEmpty("error", attempt.error, &json);
  if (attempt.retry_at_ms != 0) json["retry"] = attempt.retry_at_ms;
  PutUnlessEmpty("given_up", attempt.given_up, &json);
  return json;
}

void AttemptFrom(const Json& json, TrailAttempt* attempt) {
  attempt->integration = IntegrationFrom(json);
  json.at("attempt").get_to(attempt->notification_id);
  attempt->status = json.value("status", 0);
  attempt->delivered = json.value("delivered", false);
  attempt->error = json.value("error", "");
  attempt->retry_at_ms = json.value("retry", int64_t{0});
  attempt->given_up = json.value("given_up", "");
}

// "<time>/<number>" behind the prefix.
bool ParseKey(std::string_view key, int64_t* time_ms, uint64_t* number) {
  if (!key.starts_with(kTrailRows)) return false;
  key.remove_prefix(kTrailRows.size());
  uint64_t time = 0;
  if (key.size() <= kTimeDigits || key[kTimeDigits] != '/') return false;
  if (!ParseHex(key.substr(0, kTimeDigits), &time)) return false;
  *time_ms = static_cast<int64_t>(time);
  return ParseHex(key.substr(kTimeDigits + 1), number);
}

}  // namespace

int64_t TimeOf(const TrailEntry& entry) {
  return std::visit([](const auto& one) { return one.time_ms; }, entry);
}

std::string FingerprintText(uint64_t fingerprint) { return fmt::format("{:016x}", fingerprint); }

uint64_t HeldDigest(const std::vector<HeldAlerts>& held) {
  uint64_t digest = 0;
  for (const HeldAlerts& some : held) {
    digest = absl::HashOf(digest, some.alerts, some.inhibited_by, some.silenced_by, some.muted_by,
                          some.budget);
  }
  return digest;
}

std::string EncodeTrailEntry(const TrailEntry& entry) {
  Json json = std::visit([](const auto& one) { return ToJson(one); }, entry);
  json["v"] = kVersion;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<TrailEntry> DecodeTrailEntry(std::string_view key, std::string_view row) {
  int64_t time_ms = 0;
  uint64_t number = 0;
  if (!ParseKey(key, &time_ms, &number)) return BadRow("bad key");
  try {
    const Json json = Json::parse(row);
    if (const int version = json.at("v").get<int>(); version != kVersion) {
      return BadRow(fmt::format("version {} is not known", version));
    }
    if (json.contains("attempt")) {
      TrailAttempt attempt;
      attempt.time_ms = time_ms;
      AttemptFrom(json, &attempt);
      return attempt;
    }
    TrailFlush flush;
    flush.time_ms = time_ms;
    if (!FlushFrom(json, &flush)) return BadRow("bad fingerprints");
    return flush;
  } catch (const Json::exception& e) {
    return BadRow(e.what());
  }
}

std::string_view NotificationOfAttempt(std::string_view row) {
  // Fields are in the order of their names, and ids are plain.
  constexpr std::string_view kBegin = "{\"attempt\":\"";
  if (!row.starts_with(kBegin)) return {};
  row.remove_prefix(kBegin.size());
  return row.substr(0, row.find('"'));
}

absl::Status Trail::Load(storage::KeyValueStore* store) {
  const std::unique_ptr<storage::KeyValueIterator> rows =
      store->NewIterator(Family::kState, TrailKeys({0, INT64_MAX}));
  rows->SeekToLast();
  int64_t time_ms = 0;
  if (rows->Valid() && ParseKey(rows->key(), &time_ms, &next_)) ++next_;
  return rows->status();
}

void Trail::Add(const TrailEntry& entry, storage::WriteBatch* batch) {
  batch->Put(Family::kState, fmt::format("{}/{:08x}", KeyAt(TimeOf(entry)), next_++),
             EncodeTrailEntry(entry));
}

absl::Status ReadTrail(storage::KeyValueStore& store, TimeRange range,
                       absl::FunctionRef<bool(std::string_view row)> wanted,
                       absl::FunctionRef<void(TrailEntry entry)> take) {
  if (range.end_ms < range.start_ms) return absl::OkStatus();
  return storage::ForEach(store, Family::kState, TrailKeys(range),
                          [&](std::string_view key, std::string_view row) {
                            if (!wanted(row)) return absl::OkStatus();
                            absl::StatusOr<TrailEntry> entry = DecodeTrailEntry(key, row);
                            if (entry.ok()) {
                              take(*std::move(entry));
                            } else {
                              Log(LogLevel::kError, "a row of the alert manager's trail is damaged",
                                  {{"key", key}, {"error", MessageOf(entry.status())}});
                            }
                            return absl::OkStatus();
                          });
}

absl::Status DropOldTrail(storage::KeyValueStore& store, int64_t retention_ms, int64_t now_ms) {
  if (retention_ms == 0 || now_ms <= retention_ms) return absl::OkStatus();
  const storage::KeyRange old = TrailKeys({0, now_ms - retention_ms - 1});
  const std::unique_ptr<storage::KeyValueIterator> rows = store.NewIterator(Family::kState, old);
  rows->Seek(old.lower);
  if (!rows->Valid()) return rows->status();
  return store.DropRange(Family::kState, old.lower, old.upper);
}

}  // namespace vigil::alerting
