// SPDX-License-Identifier: Apache-2.0
//
// How stories word what they speak of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/explain/facts.h"
#include "alerting/manager/mute/silence.h"
#include "alerting/manager/notification_log.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// "2026-01-02T03:04:05Z", with milliseconds only where there are some.
std::string TimeText(int64_t unix_ms);
// "2m10s", without what does not matter beside it.
std::string SpanText(int64_t span_ms);
// `HighLatency{model="x"}`
std::string AlertText(const storage::Labels& labels);
// "team (slack)", "team (webhook 2)": the second of its kind.
std::string IntegrationText(const Integration& integration);
// "notification 1f-7 to team (slack)"
std::string NotificationText(std::string_view id, const Integration& integration);
// `1f.. (alice: "deploy", until ...)`
std::string SilenceText(const Silence& silence);
// "7.5, threshold > 5"; "7.5"
std::string ValueText(const ReadFacts& read);
// "a", "a and b", "a, b and c"
std::string ListText(const std::vector<std::string>& texts);
// Why one who is not the default tenant learns nothing.
std::string OtherTenantText(std::string_view tenant);
// What held the alerts back: "silenced by ..., inhibited by ...".
std::string CausesText(const HeldAlerts& held, const StoryFacts& facts);
// "its receiver a has no channel", or that there is none.
std::string NoChannelText(const std::string& receiver);
// The error of an attempt, on one line and without what trails off: "status 500: internal error".
std::string AnswerText(int status, std::string_view error);

}  // namespace vigil::alerting
