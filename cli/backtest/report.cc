// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/report.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"
#include "cli/backtest/pages.h"
#include "cli/backtest/timeline.h"
#include "cli/text/display.h"
#include "cli/text/labels.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAlertName = "alertname";
// More lines than anybody compares with their eyes.
constexpr size_t kMaxTimelineRows = 60;

bool IsAlerting(const v1::BacktestRule& rule) { return rule.type() == "alerting"; }

int64_t EndOf(const v1::FiringSpell& spell, const Verdicts& verdicts) {
  return spell.resolved_at_ms() == 0 ? verdicts.to_ms : spell.resolved_at_ms();
}

int64_t LengthOf(const v1::FiringSpell& spell, const Verdicts& verdicts) {
  return EndOf(spell, verdicts) - spell.fired_at_ms();
}

std::string Lasting(int64_t length_ms) {
  return length_ms == 0 ? "0s" : FormatDurationMs(length_ms);
}

Cell TimeCell(int64_t unix_ms) { return {FormatInstantMs(unix_ms), ReadableTime(unix_ms)}; }

Cell BeginCell(const v1::FiringSpell& spell) {
  if (!spell.fired_before()) return TimeCell(spell.fired_at_ms());
  return {FormatInstantMs(spell.fired_at_ms()), "before"};
}

Cell EndCell(const v1::FiringSpell& spell) {
  if (spell.resolved_at_ms() != 0) return TimeCell(spell.resolved_at_ms());
  return {"", "still firing"};
}

// The alert's name has a column of its own.
std::string PlainLabels(const LabelList& labels) { return LabelsText(labels, {kAlertName}); }

Table SpellTable(const Verdicts& verdicts) {
  Table table({"alert", "fires", "until", "for", "value", "labels", "summary"});
  for (const auto& [rule, spell] : SpellsOf(verdicts.rules)) {
    table.Add({LabelOf(spell->labels(), kAlertName), BeginCell(*spell), EndCell(*spell),
               Lasting(LengthOf(*spell, verdicts)), FormatValue(spell->value()),
               PlainLabels(spell->labels()), LabelOf(spell->annotations(), "summary")});
  }
  return table;
}

Table RuleTable(const Verdicts& verdicts) {
  Table table({"rule", "group", "fires", "for", "longest", "near misses", "evaluations", "failed"});
  for (const v1::BacktestRule& rule : verdicts.rules) {
    if (!IsAlerting(rule)) continue;
    int64_t total_ms = 0;
    int64_t longest_ms = 0;
    for (const v1::FiringSpell& spell : rule.spells()) {
      total_ms += LengthOf(spell, verdicts);
      longest_ms = std::max(longest_ms, LengthOf(spell, verdicts));
    }
    const bool fires = rule.spells_size() > 0;
    table.Add({rule.name(), rule.group(), fmt::to_string(rule.spells_size()),
               fires ? Lasting(total_ms) : "", fires ? Lasting(longest_ms) : "",
               fmt::to_string(rule.near_misses()), fmt::to_string(rule.evaluations()),
               fmt::to_string(rule.failures())});
  }
  return table;
}

std::string_view ChangeName(SpellChange change) {
  switch (change) {
    case SpellChange::kOnlyNew:
      return "only new";
    case SpellChange::kOnlyOld:
      return "only old";
    case SpellChange::kOtherTimes:
      return "other times";
  }
  return "";
}

Table DifferenceTable(const Comparison& comparison, const Verdicts& verdicts) {
  Table table(
      {"difference", "alert", "new fires", "new until", "old fires", "old until", "for", "labels"});
  for (const SpellDifference& difference : comparison.differences) {
    const v1::FiringSpell* const tested = difference.tested.spell;
    const v1::FiringSpell* const against = difference.against.spell;
    const v1::FiringSpell& spell = tested != nullptr ? *tested : *against;
    std::string lasting = Lasting(LengthOf(spell, verdicts));
    if (tested != nullptr && against != nullptr) {
      lasting = fmt::format("{}, was {}", lasting, Lasting(LengthOf(*against, verdicts)));
    }
    const Cell none("");
    table.Add({ChangeName(difference.change), LabelOf(spell.labels(), kAlertName),
               tested != nullptr ? BeginCell(*tested) : none,
               tested != nullptr ? EndCell(*tested) : none,
               against != nullptr ? BeginCell(*against) : none,
               against != nullptr ? EndCell(*against) : none, std::move(lasting),
               PlainLabels(spell.labels())});
  }
  return table;
}

std::string RowLabel(const LabelList& labels) {
  const std::string rest = PlainLabels(labels);
  return rest.empty() ? LabelOf(labels, kAlertName)
                      : fmt::format("{} {}", LabelOf(labels, kAlertName), rest);
}

// One row per alert.
std::vector<TimelineRow> RowsOf(const std::vector<RuleSpell>& spells, const Verdicts& verdicts,
                                std::string_view prefix = {}) {
  std::map<std::string, TimelineRow> rows;
  for (const auto& [rule, spell] : spells) {
    TimelineRow& row = rows[RowLabel(spell->labels())];
    row.label = std::string(prefix) + RowLabel(spell->labels());
    // The end of the range is part of it.
    const int64_t end_ms =
        spell->resolved_at_ms() == 0 ? verdicts.to_ms + 1 : spell->resolved_at_ms();
    row.spells.push_back({spell->fired_at_ms(), end_ms});
  }
  std::vector<TimelineRow> list;
  for (auto& [label, row] : rows) list.push_back(std::move(row));
  return list;
}

std::string Heading(const Verdicts& verdicts) {
  return fmt::format("{} to {} (UTC)", ReadableTime(verdicts.from_ms),
                     ReadableTime(verdicts.to_ms));
}

std::string VerdictText(const Verdicts& verdicts, const Terminal& terminal) {
  const std::vector<RuleSpell> spells = SpellsOf(verdicts.rules);
  std::string text =
      fmt::format("{}\n\n{}", Heading(verdicts), RuleTable(verdicts).ToText(terminal));
  if (spells.empty()) return text + "\nnothing would have fired\n";
  text += fmt::format("\n{}\n", SpellTable(verdicts).ToText(terminal));
  return text + TimelineText(RowsOf(spells, verdicts), {verdicts.from_ms, verdicts.to_ms},
                             kMaxTimelineRows, terminal);
}

// The alerts that differ, as they are with either set of rules.
std::string DifferenceTimeline(const Comparison& comparison, const Verdicts& verdicts,
                               const Terminal& terminal) {
  std::map<std::string, bool> differ;
  for (const SpellDifference& difference : comparison.differences) {
    const auto* const spell =
        difference.tested.spell != nullptr ? difference.tested.spell : difference.against.spell;
    differ[RowLabel(spell->labels())] = true;
  }
  const auto side = [&](const std::vector<v1::BacktestRule>& rules, std::string_view prefix) {
    std::vector<RuleSpell> spells = SpellsOf(rules);
    std::erase_if(spells, [&differ](const RuleSpell& spell) {
      return !differ.contains(RowLabel(spell.spell->labels()));
    });
    std::map<std::string, TimelineRow> rows;
    for (TimelineRow& row : RowsOf(spells, verdicts, prefix)) rows[row.label] = std::move(row);
    return rows;
  };
  std::map<std::string, TimelineRow> tested = side(verdicts.rules, "new ");
  std::map<std::string, TimelineRow> against = side(verdicts.against, "old ");
  std::vector<TimelineRow> rows;
  for (const auto& [label, ignored] : differ) {
    for (auto* const one : {&tested, &against}) {
      const std::string name = (one == &tested ? "new " : "old ") + label;
      TimelineRow row = std::move((*one)[name]);
      row.label = name;
      rows.push_back(std::move(row));
    }
  }
  return TimelineText(rows, {verdicts.from_ms, verdicts.to_ms}, kMaxTimelineRows, terminal);
}

std::string ComparisonText(const Verdicts& verdicts, const Terminal& terminal) {
  const Comparison comparison = Compare(verdicts);
  const std::string same = fmt::format("the same with both: {}", Plural(comparison.same, "alert"));
  std::string text = Heading(verdicts) + "\n\n";
  if (comparison.differences.empty()) return text + "no difference; " + same + "\n";
  text += fmt::format("{}\n", DifferenceTable(comparison, verdicts).ToText(terminal));
  text += DifferenceTimeline(comparison, verdicts, terminal);
  return text +
         fmt::format("\n{}; {}\n", Plural(comparison.differences.size(), "difference"), same);
}

Json JsonSpell(const v1::FiringSpell& spell, const Verdicts& verdicts) {
  Json object;
  object["labels"] = JsonLabels(spell.labels());
  object["annotations"] = JsonLabels(spell.annotations());
  object["value"] = FormatValue(spell.value());
  object["activeAt"] = FormatInstantMs(spell.active_at_ms());
  object["firedAt"] = FormatInstantMs(spell.fired_at_ms());
  object["firedBefore"] = spell.fired_before();
  object["resolvedAt"] =
      spell.resolved_at_ms() == 0 ? Json() : Json(FormatInstantMs(spell.resolved_at_ms()));
  object["seconds"] = static_cast<double>(LengthOf(spell, verdicts)) / kMillisPerSecond;
  return object;
}

Json JsonRules(const std::vector<v1::BacktestRule>& rules, const Verdicts& verdicts) {
  Json list = Json::array();
  for (const v1::BacktestRule& rule : rules) {
    Json object;
    object["file"] = rule.file();
    object["group"] = rule.group();
    object["name"] = rule.name();
    object["type"] = rule.type();
    object["evaluations"] = rule.evaluations();
    object["failures"] = rule.failures();
    if (rule.failures() > 0) {
      object["lastError"] = rule.last_error();
      object["lastFailure"] = FormatInstantMs(rule.last_failure_ms());
    }
    if (IsAlerting(rule)) {
      object["nearMisses"] = rule.near_misses();
      object["firing"] = Json::array();
      for (const v1::FiringSpell& spell : rule.spells()) {
        object["firing"].push_back(JsonSpell(spell, verdicts));
      }
    }
    list.push_back(std::move(object));
  }
  return list;
}

Json JsonComparison(const Verdicts& verdicts) {
  const Comparison comparison = Compare(verdicts);
  Json differences = Json::array();
  for (const SpellDifference& difference : comparison.differences) {
    Json object;
    object["difference"] = ChangeName(difference.change);
    for (const auto& [key, spell] :
         {std::pair("new", difference.tested.spell), std::pair("old", difference.against.spell)}) {
      if (spell != nullptr) object[key] = JsonSpell(*spell, verdicts);
    }
    differences.push_back(std::move(object));
  }
  return {{"same", comparison.same}, {"differences", std::move(differences)}};
}

Json ToJson(const Verdicts& verdicts) {
  Json data;
  data["from"] = FormatInstantMs(verdicts.from_ms);
  data["to"] = FormatInstantMs(verdicts.to_ms);
  data["evaluatedFrom"] = FormatInstantMs(verdicts.end.evaluated_from_ms());
  data["rules"] = JsonRules(verdicts.rules, verdicts);
  if (verdicts.compared) {
    data["against"] = JsonRules(verdicts.against, verdicts);
    data["comparison"] = JsonComparison(verdicts);
  }
  if (verdicts.pages.has_value()) data["pages"] = JsonPages(*verdicts.pages, verdicts);
  if (verdicts.against_pages.has_value()) {
    data["againstPages"] = JsonPages(*verdicts.against_pages, verdicts);
  }
  return data;
}

void AppendFailures(const std::vector<v1::BacktestRule>& rules, std::string_view which,
                    std::string* text) {
  for (const v1::BacktestRule& rule : rules) {
    if (rule.failures() == 0) continue;
    *text += fmt::format(
        "warning: {}rule \"{}\" of group \"{}\": {} of {} evaluations failed, last at {}: {}\n",
        which, rule.name(), rule.group(), rule.failures(), rule.evaluations(),
        ReadableTime(rule.last_failure_ms()), rule.last_error());
  }
}

}  // namespace

Answer AnswerOf(const Verdicts& verdicts) {
  Answer answer;
  answer.json = [&verdicts] { return ToJson(verdicts); };
  if (verdicts.compared) {
    answer.table = [&verdicts] { return DifferenceTable(Compare(verdicts), verdicts); };
    answer.text = [&verdicts](const Terminal& terminal) {
      return ComparisonText(verdicts, terminal) + PagesText(verdicts, terminal);
    };
  } else {
    answer.table = [&verdicts] { return SpellTable(verdicts); };
    answer.text = [&verdicts](const Terminal& terminal) {
      return VerdictText(verdicts, terminal) + PagesText(verdicts, terminal);
    };
  }
  return answer;
}

std::string WarningsOf(const Verdicts& verdicts) {
  std::string text;
  AppendFailures(verdicts.rules, "", &text);
  AppendFailures(verdicts.against, "old ", &text);
  if (verdicts.end.dropped_spells() > 0) {
    text += fmt::format("warning: {} more alerts fired than are told; ask for less time\n",
                        verdicts.end.dropped_spells());
  }
  return text;
}

bool AnythingFires(const Verdicts& verdicts) { return !SpellsOf(verdicts.rules).empty(); }

bool AnythingFailed(const Verdicts& verdicts) {
  return std::any_of(verdicts.rules.begin(), verdicts.rules.end(),
                     [](const v1::BacktestRule& rule) { return rule.failures() > 0; });
}

}  // namespace vigil::cli
