// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_test_report.h"

#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/replay/rule_test_text.h"
#include "base/duration.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;
using Kind = RuleTestFailure::Kind;

std::string Count(size_t count) { return fmt::format("{} test{}", count, count == 1 ? "" : "s"); }

std::string Indent(std::string_view text, std::string_view blanks) {
  std::string indented;
  while (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : Split(text, '\n')) {
    indented += fmt::format("{}{}\n", blanks, line);
  }
  return indented;
}

std::string Place(std::string_view path, TextPlace place) {
  return place.line == 0 ? std::string(path)
                         : fmt::format("{}:{}:{}", path, place.line, place.column);
}

std::string Title(const RuleTestFailure& failure) {
  const std::string time = FormatDurationMs(failure.time_ms);
  switch (failure.kind) {
    case Kind::kSetup:
      return "";
    case Kind::kRule:
      return fmt::format(", rule {} at {}", failure.subject, time);
    case Kind::kAlerts:
      return fmt::format(", alert {} at {}", failure.subject, time);
    case Kind::kExpr:
      return fmt::format(", expr {} at {}", storage::Quote(failure.subject), time);
  }
  return "";
}

std::string ListOf(const std::vector<TestAlert>& alerts) {
  std::string text;
  for (const TestAlert& alert : alerts) {
    text +=
        fmt::format("labels {} annotations {}\n", TextOf(alert.labels), TextOf(alert.annotations));
  }
  return text.empty() ? "nothing fires" : text;
}

std::string ListOf(const std::vector<TestSample>& samples) {
  std::string text;
  for (const TestSample& sample : samples) text += fmt::format("{}\n", TextOf(sample));
  return text.empty() ? "nothing" : text;
}

// The lines below the title of a failure.
std::string Details(const RuleTestFailure& failure) {
  if (!failure.message.empty()) return failure.message;
  const bool alerts = failure.kind == Kind::kAlerts;
  const auto block = [](std::string_view title, const std::string& text) {
    return fmt::format("{}:\n{}", title, Indent(text, "  "));
  };
  return block("exp", alerts ? ListOf(failure.expected_alerts) : ListOf(failure.expected_samples)) +
         block("got", alerts ? ListOf(failure.got_alerts) : ListOf(failure.got_samples)) +
         block("difference", failure.difference);
}

Json JsonOf(const TextMap& pairs) {
  Json object = Json::object();
  for (const auto& [name, value] : pairs) object[name] = ReplaceInvalidUtf8(value);
  return object;
}

Json JsonOf(const std::vector<TestAlert>& alerts) {
  Json list = Json::array();
  for (const TestAlert& alert : alerts) {
    list.push_back({{"labels", JsonOf(alert.labels)}, {"annotations", JsonOf(alert.annotations)}});
  }
  return list;
}

Json JsonOf(const std::vector<TestSample>& samples) {
  Json list = Json::array();
  for (const TestSample& sample : samples) {
    Json labels = Json::object();
    for (const storage::LabelView& label : sample.labels) {
      labels[std::string(label.name)] = ReplaceInvalidUtf8(label.value);
    }
    // As the Prometheus API writes numbers: JSON has neither NaN nor infinities.
    list.push_back({{"labels", std::move(labels)},
                    {sample.histogram == nullptr ? "value" : "histogram", ValueText(sample)}});
  }
  return list;
}

Json JsonOf(const RuleTestFailure& failure) {
  Json object = {{"kind", FailureKindName(failure.kind)},
                 {"line", failure.place.line},
                 {"column", failure.place.column}};
  if (failure.kind != Kind::kSetup) object["time"] = FormatDurationMs(failure.time_ms);
  if (failure.kind == Kind::kRule) object["rule"] = ReplaceInvalidUtf8(failure.subject);
  if (failure.kind == Kind::kAlerts) object["alertname"] = ReplaceInvalidUtf8(failure.subject);
  if (failure.kind == Kind::kExpr) object["expr"] = ReplaceInvalidUtf8(failure.subject);
  if (!failure.message.empty()) {
    object["message"] = ReplaceInvalidUtf8(failure.message);
    return object;
  }
  const bool alerts = failure.kind == Kind::kAlerts;
  object["exp"] = alerts ? JsonOf(failure.expected_alerts) : JsonOf(failure.expected_samples);
  object["got"] = alerts ? JsonOf(failure.got_alerts) : JsonOf(failure.got_samples);
  object["difference"] = ReplaceInvalidUtf8(failure.difference);
  return object;
}

Json JsonOf(const RuleTestOutcome& test, bool ran) {
  Json failures = Json::array();
  for (const RuleTestFailure& failure : test.failures) failures.push_back(JsonOf(failure));
  return {{"name", ReplaceInvalidUtf8(test.name)},
          {"line", test.place.line},
          {"column", test.place.column},
          {"ok", ran && test.failures.empty()},
          {"seconds", test.seconds},
          {"failures", std::move(failures)}};
}

Json JsonOf(const RuleTestFileOutcome& outcome) {
  Json object = {{"file", ReplaceInvalidUtf8(outcome.path)}, {"ok", outcome.ok()}};
  object["warnings"] = Json::array();
  for (const std::string& warning : outcome.warnings) {
    object["warnings"].push_back(ReplaceInvalidUtf8(warning));
  }
  if (!outcome.error.empty()) object["error"] = ReplaceInvalidUtf8(outcome.error);
  object["tests"] = Json::array();
  for (const RuleTestOutcome& test : outcome.tests) {
    object["tests"].push_back(JsonOf(test, outcome.error.empty()));
  }
  return object;
}

// Text within XML; what XML cannot say becomes U+FFFD.
std::string Xml(std::string_view text) {
  std::string escaped;
  for (const char c : ReplaceInvalidUtf8(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\n':
        escaped += "&#10;";
        break;
      case '\t':
        escaped += "&#9;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          escaped += "\xEF\xBF\xBD";
        } else {
          escaped += c;
        }
    }
  }
  return escaped;
}

std::string XmlOf(const RuleTestOutcome& test, const RuleTestFileOutcome& file) {
  std::string text =
      fmt::format("    <testcase name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6f}\"",
                  Xml(test.name), Xml(file.path), test.place.line, test.seconds);
  std::string failures;
  if (!file.error.empty()) {
    failures = fmt::format("      <failure message=\"{}\"/>\n", Xml(file.error));
  }
  for (const RuleTestFailure& failure : test.failures) {
    failures += fmt::format("      <failure message=\"{}{}\">{}</failure>\n",
                            Xml(Place(file.path, failure.place)), Xml(Title(failure)),
                            Xml(Details(failure)));
  }
  return failures.empty() ? text + "/>\n" : fmt::format("{}>\n{}    </testcase>\n", text, failures);
}

}  // namespace

std::string RuleTestText(const RuleTestFileOutcome& outcome) {
  std::string text;
  for (const std::string& warning : outcome.warnings) {
    text += fmt::format("warning: {}\n", warning);
  }
  if (outcome.ok())
    return fmt::format("{}{}: SUCCESS ({})\n", text, outcome.path, Count(outcome.tests.size()));
  const std::string failed =
      outcome.tests.empty()
          ? ""
          : fmt::format(" ({} of {})", outcome.FailedTests(), Count(outcome.tests.size()));
  text += fmt::format("{}: FAILED{}\n", outcome.path, failed);
  if (!outcome.error.empty()) text += Indent(outcome.error, "  ");
  for (const RuleTestOutcome& test : outcome.tests) {
    for (const RuleTestFailure& failure : test.failures) {
      text += fmt::format("{}: test \"{}\"{}\n{}", Place(outcome.path, failure.place), test.name,
                          Title(failure), Indent(Details(failure), "  "));
    }
  }
  return text;
}

std::string RuleTestJson(const std::vector<RuleTestFileOutcome>& outcomes) {
  Json files = Json::array();
  bool ok = true;
  for (const RuleTestFileOutcome& outcome : outcomes) {
    ok &= outcome.ok();
    files.push_back(JsonOf(outcome));
  }
  return Json({{"ok", ok}, {"files", std::move(files)}}).dump() + "\n";
}

std::string RuleTestJUnit(const std::vector<RuleTestFileOutcome>& outcomes) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const RuleTestFileOutcome& outcome : outcomes) {
    // A file that could not be read is an error of the suite.
    const bool unread = !outcome.error.empty() && outcome.tests.empty();
    text +=
        fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
                    Xml(outcome.path), outcome.tests.size(), outcome.FailedTests(), unread ? 1 : 0);
    if (unread) text += fmt::format("    <system-err>{}</system-err>\n", Xml(outcome.error));
    for (const RuleTestOutcome& test : outcome.tests) text += XmlOf(test, outcome);
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace vigil::alerting
