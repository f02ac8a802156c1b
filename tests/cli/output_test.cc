// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/testing/text_test.h"

namespace vigil::cli {
namespace {

using testing::TextCase;

// With \n, \t, \\ and \xHH read as in C.
std::string Unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    const char c = text[++i];
    std::string byte;
    if (c == 'x' && FromHex(text.substr(i + 1, 2), &byte)) {
      plain += byte;
      i += 2;
    } else {
      plain += c == 'n' ? '\n' : c == 't' ? '\t' : c;
    }
  }
  return plain;
}

std::vector<std::string> Texts(std::string_view line) {
  std::vector<std::string> texts;
  for (const std::string_view text : Split(line, '|')) texts.push_back(Unescaped(text));
  return texts;
}

// "exact=>readable", or one text for both.
std::vector<Cell> Cells(std::string_view line) {
  std::vector<Cell> cells;
  for (const std::string& text : Texts(line)) {
    const size_t arrow = text.find("=>");
    if (arrow == std::string::npos) {
      cells.emplace_back(text);
    } else {
      cells.emplace_back(text.substr(0, arrow), text.substr(arrow + 2));
    }
  }
  return cells;
}

Terminal TerminalOf(const TextCase& text_case) {
  Terminal terminal;
  terminal.width = std::stoi(text_case.Arg("width", "0"));
  terminal.color = text_case.Arg("color") == "yes";
  terminal.unicode = text_case.Arg("ascii") != "yes";
  return terminal;
}

std::string RunCase(const TextCase& text_case) {
  const std::vector<std::string_view> lines = Split(text_case.input, '\n');
  const std::string& command = text_case.command;
  if (command == "table" || command == "csv") {
    Table table(Texts(lines[0]));
    for (size_t i = 1; i < lines.size(); ++i) table.Add(Cells(lines[i]));
    EXPECT_EQ(table.rows(), lines.size() - 1);
    return command == "table" ? table.ToText(TerminalOf(text_case)) : table.ToCsv();
  }
  if (command == "json") {
    nlohmann::ordered_json data;
    for (const std::string_view line : lines) data[Texts(line)[0]] = Texts(line)[1];
    return JsonSuccess(std::move(data));
  }
  std::string text;
  for (const std::string_view line : lines) {
    const int64_t unix_ms = std::stoll(std::string(line));
    text += command == "time" ? JsonTime(unix_ms).dump() : Ago(unix_ms, 1'767'323'045'000);
    text += "\n";
  }
  return text;
}

TEST(OutputTest, Script) { testing::RunTextScript("tests/cli/testdata/output.txt", RunCase); }

Answer Example(bool with_row) {
  return {.json = [] { return nlohmann::ordered_json("data"); },
          .table =
              [with_row] {
                Table table({"name"});
                if (with_row) table.Add({Cell("exact", "readable")});
                return table;
              },
          .when_empty = "there are none"};
}

TEST(OutputTest, AnAnswerInEachOfItsForms) {
  EXPECT_EQ(Render(Example(true), OutputFormat::kJson, {}),
            "{\"status\":\"success\",\"data\":\"data\"}\n");
  EXPECT_EQ(Render(Example(true), OutputFormat::kCsv, {}), "name\r\nexact\r\n");
  EXPECT_EQ(Render(Example(true), OutputFormat::kTable, {}), "name\nreadable\n");
  EXPECT_EQ(Render(Example(false), OutputFormat::kTable, {}), "there are none\n");
  EXPECT_EQ(Render(Example(false), OutputFormat::kCsv, {}), "name\r\n");
  Answer spoken = Example(true);
  spoken.text = [](const Terminal& terminal) { return std::to_string(terminal.width); };
  Terminal terminal;
  terminal.width = 99;
  EXPECT_EQ(Render(spoken, OutputFormat::kTable, terminal), "99");
  EXPECT_EQ(Render(spoken, OutputFormat::kCsv, terminal), "name\r\nexact\r\n");
}

TEST(OutputTest, CsvGoesOnWithoutAHeader) {
  EXPECT_EQ(Example(true).table().ToCsv(/*with_header=*/false), "exact\r\n");
}

TEST(OutputTest, ATableFitsAnyTerminalThatHoldsItsNumbers) {
  Table table({"metric", "instance", "value"});
  table.Add(
      {"llm_request_duration_seconds_bucket", "gateway-7f9c4-日本-production:9090", "123456"});
  for (int width = 30; width < 100; ++width) {
    Terminal terminal;
    terminal.width = width;
    const std::string text = table.ToText(terminal);
    for (const std::string_view line : Split(Trim(text), '\n')) {
      EXPECT_LE(DisplayWidth(line), static_cast<size_t>(width)) << line;
      EXPECT_TRUE(line.ends_with("value") || line.ends_with("123456")) << line;
    }
  }
}

}  // namespace
}  // namespace vigil::cli
