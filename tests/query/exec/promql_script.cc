// SPDX-License-Identifier: Apache-2.0
#include "tests/query/exec/promql_script.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/exec/engine.h"
#include "query/promql/series_values.h"
#include "tests/query/exec/memory_source.h"
#include "tests/query/exec/result_match.h"

namespace vigil::exec {
namespace {

using promql::SeriesValue;

// A duration, or a number of seconds; either may be negative.
absl::StatusOr<int64_t> ParseTime(std::string_view text) {
  double seconds = 0;
  if (ParseDouble(text, &seconds)) return static_cast<int64_t>(seconds * kMillisPerSecond);
  const bool negative = text.starts_with('-');
  VIGIL_ASSIGN_OR_RETURN(const int64_t ms, ParseDurationMs(text.substr(negative ? 1 : 0)));
  return negative ? -ms : ms;
}

// The first word of `*text`, which is removed with the blanks around it.
std::string_view TakeWord(std::string_view* text) {
  *text = Trim(*text);
  const size_t end = std::min(text->find_first_of(" \t"), text->size());
  const std::string_view word = text->substr(0, end);
  *text = Trim(text->substr(end));
  return word;
}

bool TakePrefix(std::string_view prefix, std::string_view* text) {
  if (!text->starts_with(prefix)) return false;
  *text = Trim(text->substr(prefix.size()));
  return true;
}

// A message that must be given: any if there is neither text nor expression.
struct Expectation {
  std::string text;
  std::string regex;

  bool Matches(std::string_view message) const {
    if (!regex.empty()) {
      return re2::RE2::PartialMatch(re2::StringPiece(message.data(), message.size()), regex);
    }
    return message.find(text) != std::string_view::npos;
  }
};

struct TimeGrid {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;
};

struct EvalCase {
  std::string location;
  std::string query;
  bool is_range = false;
  TimeGrid grid;
  std::optional<Expectation> failure;
  bool ordered = false;
  std::optional<std::string> text;
  std::optional<TimeGrid> range_vector;
  std::optional<double> scalar;
  std::vector<promql::SeriesLine> series;
  std::optional<std::vector<Expectation>> warnings;
  std::optional<std::vector<Expectation>> infos;
};

Expectation ParseExpectation(std::string_view rest) {
  if (TakePrefix("msg:", &rest)) return {std::string(rest), ""};
  if (TakePrefix("regex:", &rest)) return {"", std::string(rest)};
  return {};
}

// What came out, in one form for all types: values at instants.
struct Row {
  storage::Labels labels;
  std::map<int64_t, SeriesValue> values;
};

Row RowOf(const SeriesResult& series) {
  Row row{series.labels, {}};
  for (size_t i = 0; i < series.samples.values.size(); ++i) {
    row.values[series.samples.times_ms[i]] = SeriesValue(series.samples.values[i]);
  }
  for (size_t i = 0; i < series.samples.histograms.size(); ++i) {
    row.values[series.samples.histogram_times_ms[i]] = SeriesValue(series.samples.histograms[i]);
  }
  return row;
}

std::vector<Row> RowsOf(const QueryResult& result) {
  std::vector<Row> rows;
  if (const auto* scalar = std::get_if<ScalarResult>(&result.value)) {
    rows.push_back({{}, {{scalar->time_ms, SeriesValue(scalar->value)}}});
  } else if (const auto* vector = std::get_if<VectorResult>(&result.value)) {
    for (const VectorElement& element : *vector) {
      const SeriesValue value = element.histogram != nullptr ? SeriesValue(element.histogram)
                                                             : SeriesValue(element.value);
      rows.push_back({element.labels, {{element.time_ms, value}}});
    }
  } else if (const auto* matrix = std::get_if<MatrixResult>(&result.value)) {
    for (const SeriesResult& series : *matrix) rows.push_back(RowOf(series));
  }
  return rows;
}

// The rows that a case expects, on its own grid.
std::vector<Row> ExpectedRows(const EvalCase& eval) {
  const TimeGrid grid = eval.range_vector.value_or(eval.grid);
  std::vector<Row> rows;
  if (eval.scalar.has_value()) {
    Row row;
    for (int64_t t = grid.start_ms; t <= grid.end_ms; t += std::max<int64_t>(grid.step_ms, 1)) {
      row.values[t] = SeriesValue(*eval.scalar);
    }
    rows.push_back(row);
  }
  for (const promql::SeriesLine& line : eval.series) {
    Row row{line.labels, {}};
    for (size_t i = 0; i < line.values.size(); ++i) {
      if (!line.values[i].has_value()) continue;
      row.values[grid.start_ms + static_cast<int64_t>(i) * grid.step_ms] = line.values[i];
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string RowsText(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += "  " + row.labels.ToString();
    for (const auto& [time_ms, value] : row.values) {
      text += fmt::format(" {}@{}", ValueText(value), FormatDurationMs(time_ms));
    }
    text += '\n';
  }
  return text;
}

bool SameRows(std::vector<Row> expected, std::vector<Row> actual, bool ordered) {
  if (!ordered) {
    const auto by_labels = [](const Row& a, const Row& b) { return a.labels < b.labels; };
    std::stable_sort(expected.begin(), expected.end(), by_labels);
    std::stable_sort(actual.begin(), actual.end(), by_labels);
  }
  return std::equal(expected.begin(), expected.end(), actual.begin(), actual.end(),
                    [](const Row& a, const Row& b) {
                      return a.labels == b.labels &&
                             std::equal(a.values.begin(), a.values.end(), b.values.begin(),
                                        b.values.end(), [](const auto& x, const auto& y) {
                                          return x.first == y.first &&
                                                 AlmostEqual(x.second, y.second);
                                        });
                    });
}

void CheckAnnotations(const std::string& location, std::string_view kind,
                      const std::optional<std::vector<Expectation>>& expected,
                      const std::vector<std::string>& actual) {
  if (!expected.has_value()) return;
  for (const Expectation& expectation : *expected) {
    EXPECT_TRUE(std::any_of(actual.begin(), actual.end(),
                            [&](const std::string& text) { return expectation.Matches(text); }))
        << location << ": no " << kind << " like \"" << expectation.text << expectation.regex
        << "\" among: " << fmt::format("{}", fmt::join(actual, "; "));
  }
  for (const std::string& text : actual) {
    EXPECT_TRUE(std::any_of(expected->begin(), expected->end(),
                            [&](const Expectation& one) { return one.Matches(text); }))
        << location << ": unexpected " << kind << ": " << text;
  }
}

// Reads the commands of a script and runs them.
class Script {
 public:
  Script(std::string path, std::string_view text) : path_(std::move(path)) {
    for (const std::string_view line : Split(text, '\n')) lines_.push_back(line);
  }

  absl::Status Run() {
    while (at_ < lines_.size()) {
      const size_t line = at_;
      VIGIL_RETURN_IF_ERROR_WITH(RunCommand(), fmt::format("{}:{}", path_, line + 1));
    }
    return absl::OkStatus();
  }

 private:
  static bool IsSkipped(std::string_view line) {
    return Trim(line).empty() || Trim(line).starts_with("#");
  }

  // The indented lines that follow, without blank ones and comments.
  std::vector<std::string_view> TakeBody() {
    std::vector<std::string_view> body;
    for (; at_ < lines_.size(); ++at_) {
      const std::string_view line = lines_[at_];
      if (IsSkipped(line)) continue;
      if (line[0] != ' ' && line[0] != '\t') break;
      body.push_back(Trim(line));
    }
    return body;
  }

  absl::Status RunCommand() {
    std::string_view line = lines_[at_];
    const std::string location = fmt::format("{}:{}", path_, at_ + 1);
    ++at_;
    if (IsSkipped(line)) return absl::OkStatus();
    const std::string_view command = TakeWord(&line);
    if (command == "clear") {
      source_.Clear();
      return absl::OkStatus();
    }
    if (command == "load") {
      VIGIL_ASSIGN_OR_RETURN(const int64_t step_ms, ParseTime(line));
      for (const std::string_view series : TakeBody()) {
        VIGIL_RETURN_IF_ERROR(source_.Load(step_ms, series));
      }
      return absl::OkStatus();
    }
    if (command == "enable") return Enable(Trim(line));
    if (!command.starts_with("eval")) {
      return absl::InvalidArgumentError(fmt::format("unknown command \"{}\"", command));
    }
    EvalCase eval;
    eval.location = location;
    VIGIL_RETURN_IF_ERROR(ParseEval(command, line, &eval));
    Evaluate(eval);
    return absl::OkStatus();
  }

  // What Prometheus has behind a feature flag, by the name of that.
  absl::Status Enable(std::string_view feature) {
    EngineOptions options = engine_->options();
    if (feature == "promql-delayed-name-removal") {
      options.delayed_name_removal = true;
    } else if (feature == "type-and-unit-labels") {
      options.type_and_unit_labels = true;
    } else {
      return absl::InvalidArgumentError(fmt::format("unknown feature \"{}\"", feature));
    }
    engine_.emplace(options);
    return absl::OkStatus();
  }

  absl::Status ParseEval(std::string_view command, std::string_view rest, EvalCase* eval) {
    if (command == "eval_fail") eval->failure.emplace();
    if (command == "eval_ordered") eval->ordered = true;
    if (command == "eval_warn") eval->warnings.emplace(1);
    if (command == "eval_info") eval->infos.emplace(1);
    eval->is_range = TakePrefix("range", &rest);
    if (eval->is_range) {
      VIGIL_RETURN_IF_ERROR(ParseGrid(&rest, &eval->grid));
    } else {
      TakePrefix("instant", &rest);
      if (TakePrefix("at", &rest)) {
        VIGIL_ASSIGN_OR_RETURN(eval->grid.start_ms, ParseTime(TakeWord(&rest)));
      }
      eval->grid.end_ms = eval->grid.start_ms;
    }
    eval->query = rest;
    for (const std::string_view line : TakeBody()) VIGIL_RETURN_IF_ERROR(ParseBody(line, eval));
    return absl::OkStatus();
  }

  // "from T to T step D".
  static absl::Status ParseGrid(std::string_view* rest, TimeGrid* grid) {
    TakePrefix("from", rest);
    VIGIL_ASSIGN_OR_RETURN(grid->start_ms, ParseTime(TakeWord(rest)));
    TakePrefix("to", rest);
    VIGIL_ASSIGN_OR_RETURN(grid->end_ms, ParseTime(TakeWord(rest)));
    TakePrefix("step", rest);
    VIGIL_ASSIGN_OR_RETURN(grid->step_ms, ParseTime(TakeWord(rest)));
    return absl::OkStatus();
  }

  static absl::Status ParseBody(std::string_view line, EvalCase* eval) {
    if (TakePrefix("expect ", &line)) return ParseExpect(line, eval);
    if (TakePrefix("expected_fail_message", &line)) {
      eval->failure = Expectation{std::string(line), ""};
      return absl::OkStatus();
    }
    if (TakePrefix("expected_fail_regexp", &line)) {
      eval->failure = Expectation{"", std::string(line)};
      return absl::OkStatus();
    }
    double scalar = 0;
    if (ParseDouble(line, &scalar)) {
      eval->scalar = scalar;
      return absl::OkStatus();
    }
    VIGIL_ASSIGN_OR_RETURN(promql::SeriesLine series, promql::ParseSeriesLine(line));
    eval->series.push_back(std::move(series));
    return absl::OkStatus();
  }

  static absl::Status ParseExpect(std::string_view rest, EvalCase* eval) {
    const std::string_view kind = TakeWord(&rest);
    if (kind == "fail") {
      eval->failure = ParseExpectation(rest);
    } else if (kind == "ordered") {
      eval->ordered = true;
    } else if (kind == "warn") {
      if (!eval->warnings.has_value()) eval->warnings.emplace();
      eval->warnings->push_back(ParseExpectation(rest));
    } else if (kind == "info") {
      if (!eval->infos.has_value()) eval->infos.emplace();
      eval->infos->push_back(ParseExpectation(rest));
    } else if (kind == "no_warn") {
      eval->warnings.emplace();
    } else if (kind == "no_info") {
      eval->infos.emplace();
    } else if (kind == "string") {
      eval->text = rest.substr(1, rest.size() - 2);
    } else if (kind == "range" && TakePrefix("vector", &rest)) {
      return ParseGrid(&rest, &eval->range_vector.emplace());
    } else {
      return absl::InvalidArgumentError(fmt::format("unknown expectation \"{}\"", kind));
    }
    return absl::OkStatus();
  }

  void Evaluate(const EvalCase& eval) {
    const absl::StatusOr<QueryResult> result =
        eval.is_range ? engine_->Range(source_, eval.query, eval.grid.start_ms, eval.grid.end_ms,
                                       eval.grid.step_ms)
                      : engine_->Instant(source_, eval.query, eval.grid.start_ms);
    if (eval.failure.has_value()) {
      ASSERT_FALSE(result.ok()) << eval.location << ": " << eval.query << " did not fail but gave\n"
                                << RowsText(RowsOf(*result));
      EXPECT_TRUE(eval.failure->Matches(MessageOf(result.status())))
          << eval.location << ": " << result.status();
      return;
    }
    ASSERT_TRUE(result.ok()) << eval.location << ": " << eval.query << ": " << result.status();
    CheckAnnotations(eval.location, "warning", eval.warnings, result->warnings);
    CheckAnnotations(eval.location, "info", eval.infos, result->infos);
    if (eval.text.has_value()) {
      const auto* text = std::get_if<StringResult>(&result->value);
      ASSERT_NE(text, nullptr) << eval.location;
      EXPECT_EQ(text->value, *eval.text) << eval.location;
      return;
    }
    const std::vector<Row> expected = ExpectedRows(eval);
    const std::vector<Row> actual = RowsOf(*result);
    EXPECT_TRUE(SameRows(expected, actual, eval.ordered))
        << eval.location << ": " << eval.query << "\nexpected:\n"
        << RowsText(expected) << "actual:\n"
        << RowsText(actual);
    if (!eval.is_range && !eval.range_vector.has_value()) RunAgainAsRange(eval, actual);
  }

  // The query in the middle of a range must give what it gave alone.
  void RunAgainAsRange(const EvalCase& eval, const std::vector<Row>& alone) {
    // These tell the window of the query itself.
    static const re2::RE2 kWindow(R"(\b(start|end|step|range)\s*\()");
    if (re2::RE2::PartialMatch(eval.query, kWindow)) return;
    const int64_t at_ms = eval.grid.start_ms;
    const absl::StatusOr<QueryResult> result = engine_->Range(
        source_, eval.query, at_ms - kMillisPerMinute, at_ms + kMillisPerMinute, kMillisPerMinute);
    ASSERT_TRUE(result.ok()) << eval.location << " as a range: " << result.status();
    std::vector<Row> rows;
    for (Row& row : RowsOf(*result)) {
      const auto found = row.values.find(at_ms);
      if (found != row.values.end()) rows.push_back({row.labels, {*found}});
    }
    EXPECT_TRUE(SameRows(alone, rows, false))
        << eval.location << ": " << eval.query << " as an instant query:\n"
        << RowsText(alone) << "within a range:\n"
        << RowsText(rows);
  }

  const std::string path_;
  std::vector<std::string_view> lines_;
  size_t at_ = 0;
  MemorySource source_;
  std::optional<Engine> engine_{EngineOptions{}};
};

}  // namespace

void RunPromqlScript(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  ASSERT_TRUE(text.ok()) << text.status();
  const absl::Status status = Script(path, *text).Run();
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace vigil::exec
