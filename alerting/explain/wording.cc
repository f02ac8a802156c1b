// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/wording.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

constexpr size_t kMaxErrorBytes = 200;

std::string OneLine(std::string_view text) {
  std::string line(Trim(text.substr(0, text.find('\n'))));
  while (line.ends_with(':')) line.pop_back();
  if (line.size() > kMaxErrorBytes)
    line = ReplaceInvalidUtf8(line.substr(0, kMaxErrorBytes)) + "...";
  return line;
}

}  // namespace

std::string TimeText(int64_t unix_ms) {
  std::string text = FormatInstantMs(unix_ms);
  if (text.ends_with(".000Z")) text.replace(text.size() - 5, 5, "Z");
  return text;
}

std::string SpanText(int64_t span_ms) {
  if (std::abs(span_ms) >= 10 * kMillisPerSecond) span_ms -= span_ms % kMillisPerSecond;
  return FormatDurationMs(span_ms);
}

std::string AlertText(const storage::Labels& labels) {
  const std::string_view name = labels.Get("alertname");
  const storage::Labels rest = labels.Without({"alertname"}, false);
  if (name.empty()) return labels.ToString();
  return rest.empty() ? std::string(name) : fmt::format("{}{}", name, rest.ToString());
}

std::string NotificationText(std::string_view id, const Integration& integration) {
  return fmt::format("notification {} to {}", id, IntegrationText(integration));
}

std::string IntegrationText(const Integration& integration) {
  if (integration.index == 0) {
    return fmt::format("{} ({})", integration.receiver, integration.kind);
  }
  return fmt::format("{} ({} {})", integration.receiver, integration.kind, integration.index + 1);
}

std::string SilenceText(const Silence& silence) {
  return fmt::format("{} ({}: \"{}\", until {})", silence.id, silence.created_by, silence.comment,
                     TimeText(silence.ends_at_ms));
}

std::string ValueText(const ReadFacts& read) {
  if (!read.value.has_value()) return "none";
  const std::string value = FormatValue(*read.value);
  if (read.op.empty()) return value;
  return fmt::format("{}, threshold {} {}", value, read.op, FormatValue(read.threshold));
}

std::string ListText(const std::vector<std::string>& texts) {
  std::string list;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) list += i + 1 == texts.size() ? " and " : ", ";
    list += texts[i];
  }
  return list;
}

std::string OtherTenantText(std::string_view tenant) {
  return fmt::format("rules are evaluated for the default tenant only, not for {}", tenant);
}

std::string CausesText(const HeldAlerts& held, const StoryFacts& facts) {
  std::vector<std::string> causes;
  if (!held.silenced_by.empty()) {
    std::vector<std::string> silences;
    for (const std::string& id : held.silenced_by) {
      const auto at = facts.silences.find(id);
      silences.push_back(at == facts.silences.end() ? id : SilenceText(at->second));
    }
    causes.push_back("silenced by " + ListText(silences));
  }
  if (held.inhibited_by.has_value()) {
    const auto at = facts.alerts.find(*held.inhibited_by);
    causes.push_back("inhibited by " + (at == facts.alerts.end()
                                            ? "alert " + FingerprintText(*held.inhibited_by)
                                            : AlertText(at->second)));
  }
  if (!held.muted_by.empty()) {
    causes.push_back("muted by the time interval " + ListText(held.muted_by));
  }
  if (!held.budget.empty()) {
    causes.push_back(fmt::format("the notification budget of {} was spent", held.budget));
  }
  return ListText(causes);
}

std::string NoChannelText(const std::string& receiver) {
  // As without a configuration.
  if (receiver.empty()) return "there is no receiver (see --alertmanager-config)";
  return fmt::format("its receiver {} has no channel", receiver);
}

std::string AnswerText(int status, std::string_view error) {
  const std::string line = OneLine(error);
  if (status == 0) return line.empty() ? "no answer" : line;
  // Errors often say the status themselves.
  if (line.find(fmt::to_string(status)) != std::string::npos) return line;
  return line.empty() ? fmt::format("status {}", status)
                      : fmt::format("status {}: {}", status, line);
}

}  // namespace vigil::alerting
