// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/rule_functions.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <re2/re2.h>

#include "alerting/template/builtins.h"
#include "alerting/template/go_format.h"
#include "alerting/template/go_time.h"
#include "alerting/template/histogram_text.h"
#include "alerting/template/humanize.h"
#include "alerting/template/text_functions.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"

namespace vigil::text_template {
namespace {

constexpr std::string_view kLabelsField = "Labels";
constexpr std::string_view kValueField = "Value";

absl::Status Mistake(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

Value SampleValue(const QuerySample& sample) {
  return MakeStruct("sample", {{std::string(kLabelsField), LabelsValue(sample.labels)},
                               {std::string(kValueField), Value(sample.value)}});
}

// A field of what `query` gave.
absl::StatusOr<Value> SampleField(const Value& sample, std::string_view field) {
  if (sample.kind() == Kind::kObject && sample.AsObject().TypeName() == "sample") {
    return sample.AsObject().Member(field, {});
  }
  return Mistake(fmt::format("wrong type for value; expected a sample; got {}", TypeName(sample)));
}

absl::StatusOr<Value> SampleLabel(const Value& sample, const std::string& name) {
  VIGIL_ASSIGN_OR_RETURN(const Value labels, SampleField(sample, kLabelsField));
  const auto& entries = labels.AsMap().entries;
  const auto entry = entries.find(name);
  return entry == entries.end() ? labels.AsMap().missing : entry->second;
}

absl::StatusOr<Value> First(Args args) {
  if (args[0].kind() != Kind::kList) return Mistake("first() needs the result of a query");
  if (args[0].AsList().empty()) return Mistake("first() called on vector with no elements");
  return args[0].AsList().front();
}

absl::StatusOr<Value> SortByLabel(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string name, StringArg(args[0]));
  if (args[1].kind() != Kind::kList) return Mistake("sortByLabel() needs the result of a query");
  std::vector<std::pair<std::string, Value>> keyed;
  for (const Value& sample : args[1].AsList()) {
    VIGIL_ASSIGN_OR_RETURN(const Value key, SampleLabel(sample, name));
    keyed.emplace_back(key.AsString(), sample);
  }
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  List sorted;
  for (auto& [key, sample] : keyed) sorted.push_back(std::move(sample));
  return Value(std::move(sorted));
}

absl::StatusOr<Value> NumberedArgs(Args args) {
  Map map;
  for (size_t i = 0; i < args.size(); ++i) map.entries[fmt::format("arg{}", i)] = args[i];
  return Value(std::move(map));
}

// Seconds as a number of nanoseconds; false if it does not fit.
bool ToNanoseconds(double seconds, int64_t* nanoseconds) {
  const double exact = seconds * 1e9;
  if (!(std::fabs(exact) < 9.2e18)) return false;
  *nanoseconds = static_cast<int64_t>(exact);
  return true;
}

absl::StatusOr<Value> ToTime(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const double seconds, NumberArg(args[0]));
  int64_t nanoseconds = 0;
  if (!ToNanoseconds(seconds, &nanoseconds)) {
    return Mistake(
        fmt::format("{} cannot be represented as a nanoseconds timestamp since it "
                    "overflows int64",
                    FormatFloat(seconds, 'g', -1)));
  }
  // Prometheus' times have milliseconds.
  return MakeTime(absl::FromUnixMillis(nanoseconds / kNanosPerMilli));
}

absl::StatusOr<Value> ToDuration(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const double seconds, NumberArg(args[0]));
  int64_t nanoseconds = 0;
  if (!ToNanoseconds(seconds, &nanoseconds)) {
    return Mistake(fmt::format("{} seconds are out of range for a duration", seconds));
  }
  return MakeDuration(nanoseconds);
}

absl::StatusOr<Value> HumanizeTimestamp(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const double seconds, NumberArg(args[0]));
  if (!std::isfinite(seconds)) return Value(Humanize(seconds));
  VIGIL_ASSIGN_OR_RETURN(const Value time, ToTime(args));
  return Value(ToText(time));
}

absl::StatusOr<Value> ParseDurationSeconds(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string text, StringArg(args[0]));
  const bool negative = text.starts_with('-');
  VIGIL_ASSIGN_OR_RETURN(
      const int64_t duration_ms,
      ParseDurationMs(std::string_view(text).substr(negative || text.starts_with('+') ? 1 : 0)));
  const double seconds = static_cast<double>(duration_ms) / kMillisPerSecond;
  return Value(negative ? -seconds : seconds);
}

std::string GraphLink(std::string_view expr) {
  return fmt::format("/graph?g0.expr={}&g0.tab=0", QueryEscape(expr));
}

std::string TableLink(std::string_view expr) {
  return fmt::format("/graph?g0.expr={}&g0.tab=1", QueryEscape(expr));
}

// What a URL has between its host and its query.
std::string PathOf(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t path = url.find('/', host);
  if (path == std::string_view::npos) return {};
  return std::string(url.substr(path, url.find_first_of("?#", path) - path));
}

void AddNumberFunctions(FunctionSet* set) {
  set->insert_or_assign("humanize", NumberFunction(Humanize));
  set->insert_or_assign("humanize1024", NumberFunction(Humanize1024));
  set->insert_or_assign("humanizePercentage", NumberFunction(HumanizePercentage));
  set->insert_or_assign("humanizeTimestamp", Function{1, 1, HumanizeTimestamp});
  set->insert_or_assign("toTime", Function{1, 1, ToTime});
  set->insert_or_assign("toDuration", Function{1, 1, ToDuration});
  set->insert_or_assign("parseDuration", Function{1, 1, ParseDurationSeconds});
}

void AddSampleFunctions(FunctionSet* set) {
  set->insert_or_assign("first", Function{1, 1, First});
  set->insert_or_assign("sortByLabel", Function{2, 2, SortByLabel});
  set->insert_or_assign("value", Function{1, 1, [](Args args) -> absl::StatusOr<Value> {
                                            return SampleField(args[0], kValueField);
                                          }});
  set->insert_or_assign("label", Function{2, 2, [](Args args) -> absl::StatusOr<Value> {
                                            VIGIL_ASSIGN_OR_RETURN(const std::string name,
                                                                   StringArg(args[0]));
                                            return SampleLabel(args[1], name);
                                          }});
  set->insert_or_assign("strvalue", Function{1, 1, [](Args args) -> absl::StatusOr<Value> {
                                               return SampleLabel(args[0], "__value__");
                                             }});
}

// The functions that are the same for every evaluation.
const FunctionSet& FixedFunctions() {
  static const FunctionSet* const functions = [] {
    auto* const set = new FunctionSet();
    AddTextFunctions(set);
    AddNumberFunctions(set);
    AddSampleFunctions(set);
    set->insert_or_assign("title", TextFunction(TitleCase));
    set->insert_or_assign("graphLink", TextFunction(GraphLink));
    set->insert_or_assign("tableLink", TextFunction(TableLink));
    set->insert_or_assign("args", Function{0, kAnyNumber, NumberedArgs});
    return set;
  }();
  return *functions;
}

Function Constant(Value value) {
  return {0, 0, [value](Args) -> absl::StatusOr<Value> { return value; }};
}

absl::StatusOr<Value> RunQuery(const QueryFunction& query, Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string text, StringArg(args[0]));
  if (query == nullptr) return absl::FailedPreconditionError("queries are not possible here");
  VIGIL_ASSIGN_OR_RETURN(const std::vector<QuerySample> samples, query(text));
  List list;
  for (const QuerySample& sample : samples) list.push_back(SampleValue(sample));
  return Value(std::move(list));
}

// Prometheus puts definitions of its variables, so long, before each template, and counts columns
// from 0. People compare and search for what it says, so places are given as it would.
constexpr int kDefinitionBytes = 112;

std::string InPrometheusWords(std::string_view message) {
  static const re2::RE2 place(R"(^(?s)(template: (.*?):(\d+):)(\d+)(: executing .*)$)");
  std::string before;
  std::string name;
  std::string after;
  int line = 0;
  int column = 0;
  if (!re2::RE2::FullMatch(re2::StringPiece(message.data(), message.size()), place, &before, &name,
                           &line, &column, &after)) {
    return std::string(message);
  }
  column += (line == 1 ? kDefinitionBytes : 0) - 1;
  return fmt::format("error executing template {}: {}{}{}", name, before, column, after);
}

}  // namespace

Value LabelsValue(const storage::Labels& labels) {
  Map map;
  map.missing = Value("");
  for (const storage::LabelView& label : labels) {
    map.entries.emplace(label.name, Value(label.value));
  }
  return Value(std::move(map));
}

FunctionSet RuleFunctions(const RuleContext& context) {
  FunctionSet set = FixedFunctions();
  set.insert_or_assign("query", Function{1, 1, [query = context.query](Args args) {
                                           return RunQuery(query, args);
                                         }});
  set.insert_or_assign("now",
                       Constant(Value(static_cast<double>(context.now_ms) / kMillisPerSecond)));
  set.insert_or_assign("externalURL", Constant(Value(context.external_url)));
  set.insert_or_assign("pathPrefix", Constant(Value(PathOf(context.external_url))));
  return set;
}

absl::StatusOr<Template> ParseRuleTemplate(std::string_view name, std::string_view text) {
  static const FunctionSet* const functions = new FunctionSet(RuleFunctions({}));
  VIGIL_ASSIGN_OR_RETURN(Template parsed, Template::Parse(name, text));
  VIGIL_RETURN_IF_ERROR(
      parsed.CheckCalls(*functions, {"labels", "value", "externalLabels", "externalURL"}));
  return parsed;
}

RuleExpander::RuleExpander(const RuleContext& context)
    : functions_(RuleFunctions(context)),
      external_labels_(LabelsValue(context.external_labels)),
      external_url_(context.external_url) {}

void RuleExpander::SetElement(const storage::Labels& labels, double value,
                              const storage::Histogram* histogram) {
  const Value label_map = LabelsValue(labels);
  const Value number = histogram == nullptr ? Value(value) : MakeHistogram(*histogram);
  root_ = MakeStruct("template data", {{std::string(kLabelsField), label_map},
                                       {"ExternalLabels", external_labels_},
                                       {"ExternalURL", external_url_},
                                       {std::string(kValueField), number}});
  variables_ = {{"labels", label_map},
                {"externalLabels", external_labels_},
                {"externalURL", external_url_},
                {"value", number}};
}

std::string RuleExpander::Expand(const Template& parsed) const {
  const absl::StatusOr<std::string> text = parsed.Execute(root_, functions_, variables_);
  if (text.ok()) return *text;
  return fmt::format("<error expanding template: {}>", InPrometheusWords(MessageOf(text.status())));
}

}  // namespace vigil::text_template
