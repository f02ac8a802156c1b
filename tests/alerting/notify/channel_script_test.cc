// SPDX-License-Identifier: Apache-2.0
//
// What each kind of receiver is sent. Runs the script that SCRIPT names; the clock stands at
// 2026-01-01T00:00:00Z. Commands:
//
//   config           the YAML below: `global`, `templates` and the entries of one receiver, as in
//                    "webhook_configs: [...]"; says what is wrong with them
//   alerts [group=a,b] [reason=...]   what is told, a line for each alert: "firing a=1 b=2 | c=3",
//                    annotations behind the bar
//   deliver          the request that the first entry makes of it; what an answer left is below
//   answer 200       what an answer with the body below means
//   follow           the request that comes after an answer of 200 with the body below
//   file NAME        writes a file, of whose name $DIR is the folder
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alerting/manager/config.h"
#include "alerting/notify/channel.h"
#include "alerting/notify/notification.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::alerting {
namespace {

using vigil::testing::TextCase;

constexpr int64_t kNowMs = 1'767'225'600'000;

std::string Replace(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// Without a slash behind it, which "$DIR/x" has already.
std::string TempFolder() {
  std::string folder = ::testing::TempDir();
  while (folder.ends_with('/')) folder.pop_back();
  return folder;
}

storage::Labels LabelsOf(std::string_view text) {
  storage::LabelsBuilder labels;
  for (const std::string_view word : Split(text, ' ')) {
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    // A text of several words has underscores between them.
    labels.Set(word.substr(0, equals), Replace(std::string(word.substr(equals + 1)), "_", " "));
  }
  return labels.Build();
}

class ChannelScript {
 public:
  std::string Run(const TextCase& command) {
    if (command.command == "config") return Config(Replace(command.input, "$DIR", directory_));
    if (command.command == "alerts") return Alerts(command);
    if (command.command == "deliver") return Deliver(command);
    if (command.command == "answer") return Answer(command);
    if (command.command == "follow") return Follow(command);
    if (command.command == "file") {
      return Show(WriteFile(directory_ + "/" + command.args.at(0), command.input));
    }
    return fmt::format("unknown command {}", command.command);
  }

 private:
  std::string Show(const absl::Status& status) const {
    return status.ok() ? "" : Replace(std::string(MessageOf(status)), directory_, "$DIR") + "\n";
  }

  std::string Config(const std::string& input) {
    std::string yaml = "route: {receiver: team}\n";
    std::string entries = "receivers:\n- name: team\n";
    bool root = false;
    for (const std::string_view line : Split(input, '\n')) {
      if (!line.starts_with(' '))
        root = line.starts_with("global") || line.starts_with("templates");
      (root ? yaml : entries) += fmt::format("{}{}\n", root ? "" : "  ", line);
    }
    absl::StatusOr<ManagerConfig> config =
        ParseManagerConfig(directory_ + "/am.yml", yaml + entries);
    if (!config.ok()) return Show(config.status());
    config_ = *std::move(config);
    return "";
  }

  std::string Alerts(const TextCase& command) {
    notification_ = Notification();
    notification_.receiver = "team";
    notification_.reason = command.Arg("reason", "first notification");
    notification_.external_url = "http://vigil";
    notification_.route_labels = {{"tier", "1"}};
    std::vector<std::string> group;
    const std::string names = command.Arg("group", "alertname");
    for (const std::string_view name : Split(names, ',')) {
      group.emplace_back(name);
    }
    for (const std::string_view line : Split(command.input, '\n')) {
      ToldAlert& told = notification_.alerts.emplace_back();
      told.resolved = line.starts_with("resolved");
      const size_t bar = line.find('|');
      told.alert.labels = LabelsOf(line.substr(0, bar));
      if (bar != std::string_view::npos) told.alert.annotations = LabelsOf(line.substr(bar));
      told.alert.starts_at_ms = kNowMs - 90'000;
      told.alert.ends_at_ms = told.resolved ? kNowMs - 30'000 : 0;
      told.alert.generator_url = "http://gen?a=1&b=2";
      told.fingerprint = Fingerprint(told.alert.labels);
    }
    notification_.group_labels = notification_.alerts.front().alert.labels.KeepOnly(group);
    notification_.group_key = "{}:" + notification_.group_labels.ToString();
    return "";
  }

  std::string Deliver(const TextCase& command) {
    DeliveryContext context{"abc-7", command.input, kNowMs};
    const Channel& channel = *config_.receivers[0].channels[0];
    absl::StatusOr<Delivery> delivery =
        channel.MakeDelivery(EncodeNotification(notification_), context);
    if (!delivery.ok()) return Show(delivery.status());
    delivery_ = *std::move(delivery);
    delivery_.http = channel.settings().http;
    return Request();
  }

  std::string Request() const {
    std::string out = delivery_.method == "POST" ? "" : delivery_.method + " ";
    out += delivery_.url + "\n";
    if (delivery_.http != nullptr && delivery_.http->authorization.has_value()) {
      const Authorization& authorization = *delivery_.http->authorization;
      out +=
          fmt::format("Authorization: {} {}\n", authorization.type, authorization.credentials.text);
    }
    for (const std::string& header : delivery_.headers) out += header + "\n";
    if (delivery_.mail != nullptr) return out + Mail(*delivery_.mail);
    if (delivery_.body.empty()) return out;
    const auto json = nlohmann::ordered_json::parse(delivery_.body, nullptr, false);
    return out + (json.is_discarded() ? delivery_.body : json.dump(1)) + "\n";
  }

  std::string Mail(const MailEnvelope& mail) const {
    std::string out = fmt::format("from {} to", mail.from);
    for (const std::string& recipient : mail.recipients) out += " " + recipient;
    out += fmt::format("\nlogin {} {} {} {}\ntls {}\n", mail.username, mail.password, mail.identity,
                       mail.mechanisms, mail.require_tls);
    return out + Replace(delivery_.body, "\r\n", "\n");
  }

  std::string Answer(const TextCase& command) const {
    const HttpAnswer answer{std::stoi(command.args.at(0)), command.input};
    const DeliveryOutcome outcome =
        delivery_.judge == nullptr ? AsStatusSays(answer) : delivery_.judge(answer);
    return fmt::format("{}{}{}{}\n",
                       outcome.delivered   ? "delivered"
                       : outcome.retryable ? "to be tried again"
                                           : "refused",
                       outcome.error.empty() ? "" : ": ", outcome.error,
                       outcome.receiver_data.empty() ? "" : " data " + outcome.receiver_data);
  }

  std::string Follow(const TextCase& command) {
    if (delivery_.then == nullptr) return "that was the last\n";
    const HttpAnswer answer{200, command.input};
    if (delivery_.judge != nullptr && !delivery_.judge(answer).delivered) {
      return fmt::format("refused: {}\n", delivery_.judge(answer).error);
    }
    const absl::StatusOr<std::shared_ptr<Delivery>> next = delivery_.then(answer);
    if (!next.ok()) return Show(next.status());
    if (*next == nullptr) return "nothing follows\n";
    Delivery following = **next;
    following.http = delivery_.http;
    delivery_ = std::move(following);
    return Request();
  }

  const std::string directory_ = TempFolder();
  ManagerConfig config_;
  Notification notification_;
  Delivery delivery_;
};

TEST(ChannelScriptTest, SendsWhatTheScriptSays) {
  const char* const path = std::getenv("SCRIPT");
  ASSERT_NE(path, nullptr);
  ChannelScript script;
  vigil::testing::RunTextScript(path, [&](const TextCase& command) { return script.Run(command); });
}

}  // namespace
}  // namespace vigil::alerting
