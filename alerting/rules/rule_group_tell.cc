// SPDX-License-Identifier: Apache-2.0
//
// The second half of a group's evaluation: alerts to the sink, and with each of them everything
// that changed into one write.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/rules/rule_group_runner.h"
#include "alerting/template/builtins.h"
#include "base/log.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using storage::Family;
using storage::WriteBatch;

// So many alerts are told and written at once, each with all of its rows: more would stand in
// memory several times over, as alerts, as a batch and as the store's.
constexpr size_t kMaxNewsAtOnce = 2000;
// An alert counts as over when so many rounds of sending brought nothing of it.
constexpr int64_t kRoundsUntilOver = 4;

std::string GeneratorUrl(std::string_view external_url, std::string_view expr) {
  while (external_url.ends_with('/')) external_url.remove_suffix(1);
  return fmt::format("{}/graph?g0.expr={}&g0.tab=1", external_url,
                     text_template::QueryEscape(expr));
}

}  // namespace

Alert RuleGroupRunner::MakeAlert(const RunningRule& rule, const TrackedAlert& tracked) const {
  storage::LabelsBuilder labels(options_.external_labels);
  for (const storage::LabelView& label : tracked.alert.labels) labels.Set(label.name, label.value);
  const bool resolved = tracked.alert.state == AlertState::kInactive;
  Alert alert;
  alert.labels = labels.Build();
  alert.annotations = tracked.alert.annotations;
  alert.starts_at_ms = tracked.alert.fired_at_ms;
  alert.ends_at_ms = resolved ? tracked.resolved_at_ms : tracked.valid_until_ms;
  alert.reason = AlertReasonName(tracked.alert.reason);
  alert.value = tracked.alert.value;
  alert.evidence = tracked.alert.evidence;
  alert.generator_url = GeneratorUrl(options_.external_url, rule.evaluator->printed_expr());
  return alert;
}

std::vector<RuleGroupRunner::News> RuleGroupRunner::CollectNews(int64_t slot_ms) {
  std::vector<News> news;
  for (RunningRule& rule : rules_) {
    AlertTracker* const tracker = rule.evaluator->tracker();
    if (tracker == nullptr) continue;
    for (TrackedAlert& tracked : tracker->forgotten()) {
      tracked.unsaved = true;  // Until its row is gone.
      news.push_back({News::Kind::kForgotten, &rule, &tracked});
    }
    const bool tells = dependencies_.sink != nullptr && rule.evaluated;
    for (auto& [labels, tracked] : tracker->alerts()) {
      const bool due = tells && IsDueForSending(tracked, slot_ms, options_.resend_delay_ms);
      if (!due && !tracked.unsaved) continue;
      news.push_back({News::Kind::kAlert, &rule, &tracked, due});
    }
    if (rule.evaluator->DataStateChanged()) {
      news.push_back({News::Kind::kData, &rule, nullptr});
    }
  }
  return news;
}

void RuleGroupRunner::Tell(absl::Span<News> news, int64_t slot_ms, int64_t now_ms,
                           WriteBatch* batch) {
  std::vector<Alert> alerts;
  const int64_t valid_until_ms =
      slot_ms + kRoundsUntilOver * std::max(interval_ms(), options_.resend_delay_ms);
  for (News& one : news) {
    if (!one.due) continue;
    one.last_sent_at_ms = std::exchange(one.tracked->last_sent_at_ms, slot_ms);
    one.valid_until_ms = std::exchange(one.tracked->valid_until_ms, valid_until_ms);
    alerts.push_back(MakeAlert(*one.rule, *one.tracked));
  }
  if (alerts.empty()) return;
  const absl::Status status = dependencies_.sink->Receive(alerts, now_ms, batch);
  // Refused alerts are mentioned, but sending them again would not make them better.
  if (!status.ok()) {
    AlertSendFailuresCounter().Add();
    Log(LogLevel::kWarning, "alerts were not taken",
        {{"group", key_}, {"error", MessageOf(status)}});
  }
  if (status.ok() || absl::IsInvalidArgument(status)) {
    if (!options_.rehearsal) AlertsSentCounter().Add(static_cast<int64_t>(alerts.size()));
    return;
  }
  batch->Clear();
  TakeBack(news);
}

void RuleGroupRunner::TakeBack(absl::Span<News> news) {
  for (News& one : news) {
    if (!std::exchange(one.due, false)) continue;
    one.tracked->last_sent_at_ms = one.last_sent_at_ms;
    one.tracked->valid_until_ms = one.valid_until_ms;
  }
}

bool RuleGroupRunner::TellAndSave(int64_t slot_ms, int64_t now_ms) {
  FindEvidence(slot_ms);
  std::vector<News> news = CollectNews(slot_ms);
  bool wrote = false;
  for (size_t begin = 0; begin < news.size(); begin += kMaxNewsAtOnce) {
    const absl::StatusOr<bool> written =
        TellAndSave(absl::MakeSpan(news).subspan(begin, kMaxNewsAtOnce), slot_ms, now_ms);
    if (!written.ok()) {
      RuleStateFailuresCounter().Add();
      Log(LogLevel::kError, "alert state could not be written",
          {{"group", key_}, {"error", MessageOf(written.status())}});
      break;
    }
    wrote |= *written;
  }
  for (RunningRule& rule : rules_) {
    AlertTracker* const tracker = rule.evaluator->tracker();
    if (tracker == nullptr) continue;
    std::erase_if(tracker->forgotten(),
                  [](const TrackedAlert& tracked) { return !tracked.unsaved; });
  }
  return wrote;
}

absl::StatusOr<bool> RuleGroupRunner::TellAndSave(absl::Span<News> news, int64_t slot_ms,
                                                  int64_t now_ms) {
  WriteBatch batch;
  Tell(news, slot_ms, now_ms, &batch);
  bool changed = false;
  for (const News& one : news) {
    if (!one.unsaved()) continue;
    changed = true;
    AddRow(one, &batch);
    RecordChange(one, slot_ms, &batch);
  }
  if (batch.empty()) return false;
  // A resend alone is no news: should it get lost, the next one makes up for it.
  const auto durability = changed ? storage::Durability::kSync : storage::Durability::kNoSync;
  batch.Put(Family::kState, std::string(kRuleAliveKey), EncodeRuleAlive(now_ms));
  const absl::Status written = dependencies_.state->Write(batch, durability);
  if (!written.ok()) {
    TakeBack(news);
    return written;
  }
  for (const News& one : news) {
    if (one.kind == News::Kind::kData) {
      one.rule->evaluator->DataStateSaved();
    } else {
      one.tracked->unsaved = false;
      one.tracked->recorded = one.tracked->alert.state;
    }
  }
  return true;
}

void RuleGroupRunner::AddRow(const News& news, WriteBatch* batch) {
  const RuleAddress& address = news.rule->address;
  switch (news.kind) {
    case News::Kind::kForgotten:
      batch->Delete(Family::kState, RuleAlertKey(address, news.tracked->alert.labels));
      break;
    case News::Kind::kAlert:
      batch->Put(Family::kState, RuleAlertKey(address, news.tracked->alert.labels),
                 EncodeRuleAlert(address, *news.tracked));
      break;
    case News::Kind::kData:
      batch->Put(Family::kState, RuleDataKey(address),
                 EncodeRuleData(address, news.rule->evaluator->DataState()));
      break;
  }
}

}  // namespace vigil::alerting
