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

std::vector<std::string> Cells(std::string_view line) {
  std::vector<std::string> cells;
  for (const std::string_view cell : Split(line, '|')) cells.push_back(Unescaped(cell));
  return cells;
}

std::string RunCase(const TextCase& text_case) {
  const std::vector<std::string_view> lines = Split(text_case.input, '\n');
  const std::string& command = text_case.command;
  if (command == "table" || command == "csv") {
    Table table(Cells(lines[0]));
    for (size_t i = 1; i < lines.size(); ++i) table.Add(Cells(lines[i]));
    EXPECT_EQ(table.rows(), lines.size() - 1);
    return command == "table" ? table.ToText() : table.ToCsv();
  }
  if (command == "json") {
    nlohmann::ordered_json data;
    for (const std::string_view line : lines) data[Cells(line)[0]] = Cells(line)[1];
    return JsonSuccess(std::move(data));
  }
  std::string text;
  for (const std::string_view line : lines) {
    if (command == "printable") {
      text += Printable(Unescaped(line)) + "\n";
    } else {
      const int64_t unix_ms = std::stoll(std::string(line));
      text += command == "time" ? JsonTime(unix_ms).dump() : Ago(unix_ms, 1'767'323'045'000);
      text += "\n";
    }
  }
  return text;
}

TEST(OutputTest, Script) { testing::RunTextScript("tests/cli/testdata/output.txt", RunCase); }

TEST(OutputTest, DisplayWidthCountsCodePoints) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80"), 3);
}

}  // namespace
}  // namespace vigil::cli
