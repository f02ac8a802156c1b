// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_extension_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "alerting/rules/field_reader.h"
#include "alerting/rules/levels.h"
#include "base/strings.h"
#include "storage/series/labels.h"

namespace vigil::alerting {
namespace {

// The interval of a ratio has no end at certainty.
constexpr double kMaxConfidence = 0.999999;
// More levels than anyone tells apart.
constexpr size_t kMaxLevels = 10;
// Each evaluation within it is kept in memory.
constexpr int64_t kMaxLateDataMs = 3'600'000;

constexpr std::string_view kKeys[] = {"levels", "ratio", "no_data", "partial_data", "late_data"};

// Reads the extensions of one alerting rule.
class ExtensionReader {
 public:
  ExtensionReader(const YamlFields& fields, const std::string& context, MistakeList* mistakes,
                  Rule* rule)
      : fields_(fields, context, mistakes), context_(context), mistakes_(*mistakes), rule_(*rule) {}

  bool Read() {
    if (Has("levels")) ReadLevels(Get("levels"));
    if (Has("ratio")) ReadRatio(Get("ratio"));
    if (Has("no_data")) ReadNoData(Get("no_data"));
    if (Has("partial_data")) ReadPartialData(Get("partial_data"));
    ReadLateData();
    return ok_ && fields_.ok();
  }

 private:
  bool Has(std::string_view name) const { return fields_.Has(name); }
  YAML::Node Get(std::string_view name) const { return fields_.Get(name); }
  std::string Context(std::string_view key) const { return fmt::format("{}, {}", context_, key); }
  void Mistake(const YAML::Node& node, std::string_view message) {
    ok_ = false;
    mistakes_.Add(node.Mark(), context_, message);
  }
  // Takes the verdict of a reader that is done.
  void Finish(const FieldReader& reader) { ok_ &= reader.ok(); }

  void ReadLevels(const YAML::Node& node) {
    FieldReader reader(node, Context("levels"), {}, &mistakes_);
    Levels levels;
    std::string op;
    if (reader.Text("op", &op) && !ParseThresholdOp(op, &levels.op)) {
      reader.Mistake("op", fmt::format("\"op\" must be one of >, >=, <, <=, not \"{}\"", op));
    }
    reader.Text("label", &levels.label);
    for (const YamlFields::Field& field : reader.fields()) {
      if (field.name != "op" && field.name != "label") ReadLevel(field.name, &reader, &levels);
    }
    if (reader.ok() && levels.levels.empty()) reader.Mistake("", "there is no level");
    if (levels.levels.size() > kMaxLevels) {
      reader.Mistake("", fmt::format("more than {} levels", kMaxLevels));
    }
    CheckOrder(levels, &reader);
    CheckLevelLabel(levels, &reader);
    Finish(reader);
    if (reader.ok()) rule_.extensions.levels = std::move(levels);
  }

  void CheckLevelLabel(const Levels& levels, FieldReader* reader) {
    if (levels.label.empty() || levels.label == storage::kMetricName ||
        levels.label == "alertname") {
      reader->Mistake("label", fmt::format("invalid label name: {}", levels.label));
    }
    for (const auto& [name, value] : rule_.labels) {
      if (name != levels.label) continue;
      reader->Mistake("label", fmt::format("the level is told by the label \"{}\", which the rule "
                                           "must not set, too",
                                           name));
    }
  }

  // A bare number, or {at: N, recover: N}.
  void ReadLevel(const std::string& name, FieldReader* reader, Levels* levels) {
    Level level;
    level.name = name;
    const YAML::Node node = reader->Get(name);
    if (!reader->Has(name) || name.empty()) {
      reader->Mistake(name, fmt::format("level \"{}\" must have a name and a threshold", name));
      return;
    }
    if (node.IsScalar()) {
      if (reader->Number(name, &level.at)) {
        level.recover = level.at;
        levels->levels.push_back(std::move(level));
      }
      return;
    }
    FieldReader one(node, fmt::format("{}, {}", reader->context(), name), {"at", "recover"},
                    &mistakes_);
    if (one.Require("at")) one.Number("at", &level.at);
    level.recover = level.at;
    one.Number("recover", &level.recover);
    Finish(one);
    if (one.ok()) levels->levels.push_back(std::move(level));
  }

  // Levels go from mild to grave, and recovery lies on the mild side.
  static void CheckOrder(const Levels& levels, FieldReader* reader) {
    const bool up = levels.op == ThresholdOp::kGreater || levels.op == ThresholdOp::kGreaterOrEqual;
    const auto milder = [up](double a, double b) { return up ? a < b : a > b; };
    const Level* previous = nullptr;
    for (const Level& level : levels.levels) {
      if (milder(level.at, level.recover)) {
        reader->Mistake(level.name,
                        fmt::format("\"recover\" of level \"{}\" must be {} its threshold",
                                    level.name, up ? "at most" : "at least"));
      }
      if (previous != nullptr && !milder(previous->at, level.at)) {
        reader->Mistake(level.name,
                        fmt::format("level \"{}\" must be {} \"{}\", since levels go "
                                    "from mild to grave",
                                    level.name, up ? "above" : "below", previous->name));
      }
      previous = &level;
    }
  }

  void ReadRatio(const YAML::Node& node) {
    FieldReader reader(node, Context("ratio"),
                       {"errors", "total", "above", "below", "confidence", "min_events"},
                       &mistakes_);
    Ratio ratio;
    if (reader.Require("errors")) reader.Expr("errors", &ratio.errors);
    if (reader.Require("total")) reader.Expr("total", &ratio.total);
    if (reader.Number("confidence", &ratio.confidence) &&
        (ratio.confidence <= 0 || ratio.confidence > kMaxConfidence)) {
      reader.Mistake("confidence",
                     fmt::format("\"confidence\" must lie between 0 and {}", kMaxConfidence));
    }
    if (reader.Number("min_events", &ratio.min_events) && ratio.min_events < 0) {
      reader.Mistake("min_events", "\"min_events\" must not be negative");
    }
    ReadRatioThreshold(&reader);
    if (!rule_.expr.empty()) {
      reader.Mistake("", "only one of 'expr' and 'ratio' must be set");
    }
    Finish(reader);
    // Even if it was wrong: that 'expr' is missing would only confuse.
    rule_.expr = reader.ok() ? PrintedExpr(ratio) : "vector(0)";
    if (reader.ok()) rule_.extensions.ratio = std::move(ratio);
  }

  void ReadRatioThreshold(FieldReader* reader) {
    Level level;
    const bool above = reader->Number("above", &level.at);
    const bool below = !above && reader->Number("below", &level.at);
    if (reader->Has("above") && reader->Has("below")) {
      reader->Mistake("below", "only one of 'above' and 'below' must be set");
    }
    if (Has("levels")) {
      if (above || below) {
        reader->Mistake("",
                        "thresholds are the rule's levels: 'above' and 'below' must not be set");
      }
      return;
    }
    if (!above && !below) {
      if (reader->ok()) reader->Mistake("", "one of 'above' and 'below', or levels, must be set");
      return;
    }
    level.recover = level.at;
    Levels levels;
    levels.op = above ? ThresholdOp::kGreater : ThresholdOp::kLess;
    levels.label = "";
    levels.levels.push_back(std::move(level));
    rule_.extensions.levels = std::move(levels);
  }

  // How people, and links, see the rule.
  std::string PrintedExpr(const Ratio& ratio) const {
    const std::string bare = RatioExpr(ratio);
    if (Has("levels") || !rule_.extensions.levels.has_value()) return bare;
    const Levels& levels = *rule_.extensions.levels;
    return fmt::format("{} {} {}", bare, ThresholdOpText(levels.op),
                       FormatValue(levels.levels.front().at));
  }

  void ReadNoData(const YAML::Node& node) {
    NoDataPolicy& policy = rule_.extensions.no_data;
    if (node.IsScalar()) return ReadAction(node, &policy);
    FieldReader reader(node, Context("no_data"), {"then", "forget"}, &mistakes_);
    if (reader.Require("then")) ReadAction(reader.Get("then"), &policy);
    reader.Duration("forget", &policy.forget_ms);
    Finish(reader);
  }

  void ReadAction(const YAML::Node& node, NoDataPolicy* policy) {
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    if (text == "ok") {
      policy->action = NoDataAction::kOk;
    } else if (text == "keep") {
      policy->action = NoDataAction::kKeep;
    } else if (text == "alert") {
      policy->action = NoDataAction::kAlert;
    } else if (text != "resolve") {
      Mistake(node,
              fmt::format("\"no_data\" must be one of ok, keep, alert, resolve, not \"{}\"", text));
    }
  }

  void ReadPartialData(const YAML::Node& node) {
    PartialDataPolicy& policy = rule_.extensions.partial_data;
    if (node.IsScalar()) return ReadPartialAction(node, &policy);
    FieldReader reader(node, Context("partial_data"), {"then", "below", "window"}, &mistakes_);
    if (reader.Require("then")) ReadPartialAction(reader.Get("then"), &policy);
    if (reader.Number("below", &policy.below) && (policy.below <= 0 || policy.below > 1)) {
      reader.Mistake("below", "\"below\" must be more than 0 and at most 1");
    }
    if (reader.Duration("window", &policy.window_ms) && policy.window_ms == 0) {
      reader.Mistake("window", "\"window\" must not be 0");
    }
    Finish(reader);
  }

  void ReadPartialAction(const YAML::Node& node, PartialDataPolicy* policy) {
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    policy->keep = text == "keep";
    if (text == "keep" || text == "ok") return;
    Mistake(node, fmt::format("\"partial_data\" must be one of ok, keep, not \"{}\"", text));
  }

  void ReadLateData() {
    int64_t& late_data_ms = rule_.extensions.late_data_ms;
    if (fields_.Duration("late_data", &late_data_ms) && late_data_ms > kMaxLateDataMs) {
      fields_.Mistake("late_data", "\"late_data\" must be at most 1h");
    }
  }

  FieldReader fields_;
  const std::string& context_;
  MistakeList& mistakes_;
  Rule& rule_;
  bool ok_ = true;
};

}  // namespace

std::string RatioExpr(const Ratio& ratio) {
  return fmt::format("({}) / ({})", ratio.errors, ratio.total);
}

bool ReadRuleExtensions(const YamlFields& fields, const std::string& context, MistakeList* mistakes,
                        Rule* rule) {
  if (rule->alert.empty() && !rule->record.empty()) {
    bool ok = true;
    for (const std::string_view key : kKeys) {
      const YamlFields::Field* const field = fields.Find(key);
      if (field == nullptr) continue;
      ok = false;
      mistakes->Add(field->value.Mark(), context,
                    fmt::format("invalid field '{}' in recording rule", key));
    }
    return ok;
  }
  return ExtensionReader(fields, context, mistakes, rule).Read();
}

}  // namespace vigil::alerting
