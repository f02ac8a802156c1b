// SPDX-License-Identifier: Apache-2.0
//
// Runs the scripts of testdata: the manager on a virtual clock, before a notifier that answers as
// it is told. Each script runs twice, with a clock that jumps and with one that goes by seconds;
// both must send the same. The clock starts at 2026-01-01T00:00:00Z. Commands:
//
//   config                      starts with the YAML below, or takes it as the new configuration
//   alert name=A k=v ...        A fires (name is its alertname); `valid=4m`: until then, if nothing
//                               more is heard; `valid=none`: without an end; `started=10m`: that
//                               long ago; `unsynced`: what keeps it is not on stable storage;
//                               `lost`: what keeps it is never written; `summary=` annotates
//   resolve name=A k=v ...      A has ended
//   advance 30s
//   webhooks                    what was sent since the last time
//   body                        what was sent since the last time, in full
//   respond 500 [receiver=x]    how receivers answer from now on: a status, `drop` or `hang`
//   release 200 [receiver=x]    how those that hang answer now
//   restart, crash              killed (all writes are there) or out of power (those without sync
//                               are gone), and started again with the same configuration
//   silence a=x 'b=~y' for=10m  a silence, whose id is told: s1, s2, ...; `in=5m`: begins only
//                               then; `id=s1`: a change of that one, `from=-5m`: which began that
//                               long ago
//   expire s1                   ends it
//   silences                    all of them
//   alerts, groups              what the manager shows: alerts that have not ended, why they are
//                               quiet or held
//   refuse-writes 3, accept-writes
//   stats, rows [PREFIX]        figures; the keys of what is kept, but for the trail
//   trail                       what it kept of its decisions since the last time
//   undelivered, deliveries     what has not arrived; what has, the latest first
//   resend ID, drop ID          tries what was given up anew; forgets it
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alerting/manager/alert_manager.h"
#include "alerting/manager/config.h"
#include "alerting/manager/matcher_parser.h"
#include "alerting/manager/trail.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/strings.h"
#include "storage/kv/fault_store.h"
#include "storage/kv/memory_store.h"
#include "tests/alerting/manager/scripted_notifier.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::alerting {
namespace {

using storage::Durability;
using storage::Family;
using storage::FaultStore;
using vigil::testing::TextCase;

constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr int64_t kForeverMs = 1000 * kMillisPerHour;

int64_t Ms(const std::string& duration) {
  const absl::StatusOr<int64_t> parsed = ParseDurationMs(duration);
  EXPECT_OK(parsed) << duration;
  return parsed.value_or(0);
}

// Runs the commands of one script.
class ManagerScript {
 public:
  // `step_ms`: how far the clock goes at a time; 0: as far as it is told.
  explicit ManagerScript(int64_t step_ms) : step_ms_(step_ms) { UseStore(nullptr); }

  std::string Run(const TextCase& command) {
    const std::string& name = command.command;
    if (name == "config") return Config(command.input);
    if (name == "alert") return Send(command, false);
    if (name == "resolve") return Send(command, true);
    if (name == "advance") return Advance(Ms(command.args.at(0)));
    if (name == "webhooks") return Webhooks();
    if (name == "body") return Bodies();
    if (name == "respond") return Respond(command);
    if (name == "release") return Release(command);
    if (name == "restart") return Restart(store_->AfterKill());
    if (name == "crash") return Restart(store_->AfterPowerLoss());
    if (name == "silence") return SetSilence(command);
    if (name == "expire") return Expire(command.args.at(0));
    if (name == "silences") return Silences();
    if (name == "alerts") return Alerts();
    if (name == "groups") return Groups();
    if (name == "refuse-writes") return RefuseWrites(std::stoll(command.args.at(0)));
    if (name == "accept-writes") return AcceptWrites();
    if (name == "stats") return Stats();
    if (name == "rows") return Rows(command.args.empty() ? "" : command.args[0]);
    if (name == "trail") return ShowTrail();
    if (name == "undelivered") return ListUndelivered();
    if (name == "deliveries") return ListDeliveries();
    if (name == "resend") return Resend(command.args.at(0));
    if (name == "drop") return Show(manager_->DropUndelivered(command.args.at(0)));
    return fmt::format("unknown command {}", name);
  }

 private:
  void UseStore(std::unique_ptr<storage::KeyValueStore> store) {
    if (store == nullptr) store = std::make_unique<storage::MemoryStore>();
    absl::StatusOr<std::unique_ptr<FaultStore>> wrapped = FaultStore::Wrap(std::move(store));
    ASSERT_OK(wrapped);
    store_ = *std::move(wrapped);
  }

  std::string Start() {
    AlertManagerOptions options;
    options.external_url = "http://vigil.example";
    options.random = [] { return 0.5; };
    options.make_silence_id = [this] { return fmt::format("s{}", ++silences_); };
    absl::StatusOr<std::unique_ptr<AlertManager>> manager =
        AlertManager::Create(options, *config_, store_.get(), &notifier_, now_ms_);
    if (!manager.ok()) return manager.status().ToString();
    manager_ = *std::move(manager);
    manager_->RunDue(now_ms_);
    return "";
  }

  std::string Config(const std::string& yaml) {
    absl::StatusOr<ManagerConfig> config = ParseManagerConfig("config", yaml);
    if (!config.ok()) return config.status().ToString();
    config_ = *std::move(config);
    if (manager_ == nullptr) return Start();
    const absl::Status status = manager_->SetConfig(*config_, now_ms_);
    manager_->RunDue(now_ms_);
    return status.ok() ? "" : status.ToString();
  }

  std::string Send(const TextCase& command, bool resolved) {
    Alert alert;
    storage::LabelsBuilder labels;
    alert.starts_at_ms = resolved ? 0 : now_ms_;
    alert.ends_at_ms = resolved ? now_ms_ : now_ms_ + kForeverMs;
    bool written = true;
    Durability durability = Durability::kSync;
    for (const std::string& arg : command.args) {
      if (arg == "lost") written = false;
      if (arg == "unsynced") durability = Durability::kNoSync;
      const size_t equals = arg.find('=');
      if (equals == std::string::npos) continue;
      const std::string key = arg.substr(0, equals);
      const std::string value = arg.substr(equals + 1);
      if (key == "valid") {
        alert.ends_at_ms = value == "none" ? 0 : now_ms_ + Ms(value);
      } else if (key == "started") {
        alert.starts_at_ms = now_ms_ - Ms(value);
      } else if (key == "summary") {
        alert.annotations = {{"summary", value}};
      } else {
        labels.Set(key == "name" ? "alertname" : key, value);
      }
    }
    alert.labels = labels.Build();
    storage::WriteBatch batch;
    const absl::Status status = manager_->Receive({alert}, now_ms_, &batch);
    if (written && !batch.empty()) {
      EXPECT_OK(store_->Write(batch, durability));
    }
    manager_->RunDue(now_ms_);
    return status.ok() ? "" : status.ToString();
  }

  std::string Advance(int64_t by_ms) {
    const int64_t until_ms = now_ms_ + by_ms;
    while (step_ms_ > 0 && now_ms_ + step_ms_ < until_ms) {
      now_ms_ += step_ms_;
      manager_->RunDue(now_ms_);
    }
    now_ms_ = until_ms;
    manager_->RunDue(now_ms_);
    return "";
  }

  std::string Webhooks() {
    std::vector<std::pair<std::string, int>> lines;
    for (const ScriptedNotifier::Sent& sent : notifier_.TakeSent()) {
      const auto body = nlohmann::json::parse(sent.delivery.body);
      if (!body.contains("groupKey")) {  // No webhook.
        lines.emplace_back(fmt::format("{} #{} {} -> {}", sent.delivery.url,
                                       Sequence(sent.delivery), sent.delivery.body, sent.answer),
                           1);
        continue;
      }
      std::string line = fmt::format("{} #{} {} ({}) {} [{}] -> {}", sent.delivery.url,
                                     Sequence(sent.delivery), body["status"].get<std::string>(),
                                     body["notification_reason"].get<std::string>(),
                                     body["groupKey"].get<std::string>(), Told(body), sent.answer);
      if (lines.empty() || lines.back().first != line) lines.emplace_back(std::move(line), 0);
      ++lines.back().second;
    }
    std::string out;
    for (const auto& [line, times] : lines) {
      out += times == 1 ? line + "\n" : fmt::format("{}, {} times\n", line, times);
    }
    return out;
  }

  static std::string Told(const nlohmann::json& body) {
    std::string out;
    for (const auto& alert : body["alerts"]) {
      if (!out.empty()) out += ", ";
      out += alert["labels"].value("alertname", "");
      for (const auto& [name, value] : alert["labels"].items()) {
        if (name != "alertname") out += fmt::format(" {}={}", name, value.get<std::string>());
      }
      if (alert["status"] == "resolved") out += " resolved";
      if (alert.contains("flapping")) {
        out += fmt::format(" flaps: {}", alert["annotations"]["flapping"].get<std::string>());
      }
    }
    if (body["truncatedAlerts"] != 0) {
      out += fmt::format(", {} more", body["truncatedAlerts"].get<int>());
    }
    if (body.contains("cameAndWent")) {
      out += fmt::format(", {} came and went", body["cameAndWent"].get<int>());
    }
    return out;
  }

  static std::string Sequence(const Delivery& delivery) {
    for (const std::string& header : delivery.headers) {
      if (header.starts_with("X-Vigil-Notification-Id: ")) {
        return header.substr(header.rfind('-') + 1);
      }
    }
    return "?";
  }

  std::string Bodies() {
    std::string out;
    for (const ScriptedNotifier::Sent& sent : notifier_.TakeSent()) {
      out += fmt::format("POST {} within {}\n", sent.delivery.url,
                         FormatDurationMs(sent.delivery.timeout_ms));
      for (const std::string& header : sent.delivery.headers) out += header + "\n";
      out += nlohmann::ordered_json::parse(sent.delivery.body).dump(1) + "\n";
    }
    return out;
  }

  std::string Respond(const TextCase& command) {
    notifier_.Answer(command.Arg("receiver"), command.args.at(0));
    return "";
  }

  std::string Release(const TextCase& command) {
    notifier_.Release(command.Arg("receiver"), command.args.at(0));
    manager_->RunDue(now_ms_);
    return "";
  }

  std::string Restart(absl::StatusOr<std::unique_ptr<storage::KeyValueStore>> left) {
    manager_.reset();
    notifier_.Forget();
    if (!left.ok()) return left.status().ToString();
    UseStore(*std::move(left));
    return Start();
  }

  std::string SetSilence(const TextCase& command) {
    Silence silence;
    silence.starts_at_ms = now_ms_;
    int64_t for_ms = 0;
    for (const std::string& arg : command.args) {
      const size_t equals = arg.find('=');
      const std::string key = arg.substr(0, equals);
      const std::string value = arg.substr(equals + 1);
      if (key == "for") {
        for_ms = Ms(value);
      } else if (key == "in") {
        silence.starts_at_ms = now_ms_ + Ms(value);
      } else if (key == "from") {
        silence.starts_at_ms = now_ms_ - Ms(value.substr(1));
      } else if (key == "id") {
        silence.id = value;
      } else {
        absl::StatusOr<std::vector<storage::Matcher>> matchers = ParseMatchers(arg);
        if (!matchers.ok()) return matchers.status().ToString();
        for (storage::Matcher& matcher : *matchers) silence.matchers.push_back(std::move(matcher));
      }
    }
    silence.ends_at_ms = std::max(now_ms_, silence.starts_at_ms) + for_ms;
    const absl::StatusOr<std::string> id = manager_->SetSilence(std::move(silence), now_ms_);
    manager_->RunDue(now_ms_);
    return id.ok() ? *id + "\n" : id.status().ToString();
  }

  std::string Expire(const std::string& id) {
    const absl::Status status = manager_->ExpireSilence(id, now_ms_);
    return status.ok() ? "" : status.ToString();
  }

  std::string Silences() {
    std::string out;
    const SilenceStore store = manager_->Silences();
    for (const auto& [id, silence] : store.silences()) {
      std::string matchers;
      for (const storage::Matcher& matcher : silence.matchers) {
        matchers += (matchers.empty() ? "" : ",") + matcher.ToString();
      }
      out += fmt::format("{} {} {{{}}} {} to {}\n", id, SilenceStateName(silence.StateAt(now_ms_)),
                         matchers, FormatInstantMs(silence.starts_at_ms),
                         FormatInstantMs(silence.ends_at_ms));
    }
    return out;
  }

  static std::string View(const AlertView& alert) {
    std::string out = alert.alert.labels.ToString();
    const auto add = [&out](std::string_view what, const std::string& by) {
      out += fmt::format(" {} {}", what, by);
    };
    for (const std::string& id : alert.silenced_by) add("silenced by", id);
    for (const uint64_t fingerprint : alert.inhibited_by) {
      add("inhibited by", fmt::format("{:016x}", fingerprint));
    }
    for (const std::string& interval : alert.muted_by) add("muted by", interval);
    if (alert.flapping) add("flaps:", std::string(alert.alert.annotations.Get("flapping")));
    return out + Held(alert.held_until_ms);
  }

  static std::string Held(std::optional<int64_t> until_ms) {
    return until_ms.has_value() ? " held until " + FormatInstantMs(*until_ms) : "";
  }

  std::string Alerts() {
    std::string out;
    for (const AlertView& alert : manager_->ListAlerts({}, now_ms_)) {
      out += fmt::format("{:016x} {} for", alert.fingerprint, View(alert));
      for (const std::string& receiver : alert.receivers) out += " " + receiver;
      out += "\n";
    }
    return out;
  }

  std::string Groups() {
    std::string out;
    for (const GroupView& group : manager_->ListGroups({}, now_ms_)) {
      out += fmt::format("{} for {}{}\n", group.labels.ToString(), group.receiver,
                         Held(group.held_until_ms));
      for (const AlertView& alert : group.alerts) out += fmt::format("  {}\n", View(alert));
    }
    return out;
  }

  static std::string Show(const absl::Status& status) {
    return status.ok() ? "" : status.ToString() + "\n";
  }

  static std::string ChannelOf(const Integration& integration) {
    return fmt::format("{}/{}/{}", integration.receiver, integration.kind, integration.index);
  }

  std::string ListUndelivered() const {
    const absl::StatusOr<std::vector<Undelivered>> all = manager_->ListUndelivered();
    if (!all.ok()) return Show(all.status());
    std::string out;
    for (const Undelivered& one : *all) {
      const OutboxEntry& entry = one.entry;
      out += fmt::format("{} {} {} after {} attempts: {}\n", entry.id, ChannelOf(entry.integration),
                         one.given_up()    ? "given up at " + FormatInstantMs(one.given_up_at_ms)
                         : entry.in_flight ? "under way"
                                           : "next at " + FormatInstantMs(entry.next_attempt_ms),
                         entry.attempts, one.given_up() ? one.reason : entry.last_error);
    }
    return out;
  }

  std::string ListDeliveries() const {
    const absl::StatusOr<std::vector<Receipt>> receipts = manager_->ListDeliveries(100);
    if (!receipts.ok()) return Show(receipts.status());
    std::string out;
    for (const Receipt& receipt : *receipts) {
      out += fmt::format(
          "{} {} {} status {} after {} failed attempts\n", FormatInstantMs(receipt.delivered_at_ms),
          receipt.id, ChannelOf(receipt.integration), receipt.http_status, receipt.failed_attempts);
    }
    return out;
  }

  std::string Resend(const std::string& id) {
    const absl::Status status = manager_->Resend(id, now_ms_);
    manager_->RunDue(now_ms_);
    return Show(status);
  }

  std::string RefuseWrites(int64_t count) {
    store_->FailAt(FaultStore::Operation::kWrite, 1, absl::UnavailableError("disk full"), count);
    return "";
  }

  std::string AcceptWrites() {
    store_->ClearFaults();
    return "";
  }

  std::string Stats() {
    const AlertManager::Stats stats = manager_->GetStats();
    return fmt::format("alerts {}, groups {}, outbox {}, delivered {}, failed attempts {}\n",
                       stats.alerts, stats.groups, stats.outbox, stats.delivered,
                       stats.failed_attempts);
  }

  std::string Rows(const std::string& prefix) {
    std::string out;
    const absl::Status status = storage::ForEach(*store_, Family::kState, {"manager/", "manager0"},
                                                 [&](std::string_view key, std::string_view) {
                                                   if (key.starts_with(kTrailRows)) {
                                                     return absl::OkStatus();
                                                   }
                                                   std::string line(key);
                                                   if (!line.starts_with(prefix)) {
                                                     return absl::OkStatus();
                                                   }
                                                   for (char& c : line) c = c == '\n' ? ' ' : c;
                                                   out += line + "\n";
                                                   return absl::OkStatus();
                                                 });
    return status.ok() ? out : status.ToString();
  }

  static std::string Names(const std::vector<uint64_t>& fingerprints) {
    std::string out;
    for (const uint64_t fingerprint : fingerprints) out += " " + FingerprintText(fingerprint);
    return out;
  }

  // The number that follows the last "-" of an id.
  static std::string Number(const std::string& id) { return id.substr(id.rfind('-') + 1); }

  static std::string Show(const TrailFlush& flush) {
    std::string out =
        flush.reason.empty()
            ? fmt::format("{} tells nobody", flush.group_key)
            : fmt::format("{} tells {} #{} ({})", flush.group_key, ChannelOf(flush.integration),
                          Number(flush.notification_id), flush.reason);
    if (!flush.told.firing.empty()) out += " firing" + Names(flush.told.firing);
    if (!flush.told.resolved.empty()) out += " resolved" + Names(flush.told.resolved);
    for (const HeldAlerts& held : flush.held) {
      out += ", holds" + Names(held.alerts);
      if (held.inhibited_by.has_value()) {
        out += " inhibited by " + FingerprintText(*held.inhibited_by);
      }
      for (const std::string& id : held.silenced_by) out += " silenced by " + id;
      for (const std::string& interval : held.muted_by) out += " muted by " + interval;
      if (!held.budget.empty()) out += " for the budget of " + held.budget;
    }
    return out;
  }

  static std::string Show(const TrailAttempt& attempt) {
    std::string out = fmt::format("{} #{} status {}", ChannelOf(attempt.integration),
                                  Number(attempt.notification_id), attempt.status);
    if (attempt.delivered) out += " delivered";
    if (attempt.retry_at_ms != 0) {
      out += fmt::format(" {}, next at {}", attempt.error, FormatInstantMs(attempt.retry_at_ms));
    }
    if (!attempt.given_up.empty()) out += " given up: " + attempt.given_up;
    return out;
  }

  std::string ShowTrail() {
    std::string out;
    const absl::Status status = ReadTrail(
        *store_, {trail_from_ms_, now_ms_}, [](std::string_view) { return true; },
        [&out](const TrailEntry& entry) {
          out += FormatInstantMs(TimeOf(entry)) + " " +
                 std::visit([](const auto& one) { return Show(one); }, entry) + "\n";
        });
    trail_from_ms_ = now_ms_ + 1;
    return status.ok() ? out : status.ToString();
  }

  const int64_t step_ms_;
  int64_t now_ms_ = kStartMs;
  int64_t trail_from_ms_ = 0;
  int silences_ = 0;
  ScriptedNotifier notifier_;
  std::unique_ptr<FaultStore> store_;
  std::optional<ManagerConfig> config_;
  std::unique_ptr<AlertManager> manager_;
};

class ManagerScriptTest : public ::testing::TestWithParam<int64_t> {};

TEST_P(ManagerScriptTest, SendsWhatTheScriptSays) {
  SetLogLevel(LogLevel::kError);
  const char* const path = std::getenv("SCRIPT");
  ASSERT_NE(path, nullptr);
  ManagerScript script(GetParam());
  vigil::testing::RunTextScript(path, [&](const TextCase& command) { return script.Run(command); });
}

INSTANTIATE_TEST_SUITE_P(Clocks, ManagerScriptTest, ::testing::Values(0, kMillisPerSecond),
                         [](const auto& clock) { return clock.param == 0 ? "Jumps" : "Seconds"; });

}  // namespace
}  // namespace vigil::alerting
