// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"

namespace vigil::cli {
namespace {

bool IsNumber(std::string_view text) {
  double ignored = 0;
  return ParseDouble(text, &ignored);
}

std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

void AppendCsvRow(const std::vector<std::string>& row, std::string* csv) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) *csv += ',';
    *csv += CsvCell(row[i]);
  }
  *csv += "\r\n";
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  // Every byte but UTF-8's continuation bytes begins a character.
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

std::string Printable(std::string_view text) {
  std::string clean;
  for (const char c : ReplaceInvalidUtf8(text)) {
    if (c == '\n') {
      clean += "\\n";
    } else if (c == '\t') {
      clean += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      clean += fmt::format("\\x{:02x}", static_cast<int>(c));
    } else {
      clean += c;
    }
  }
  return clean;
}

std::string Table::ToText() const {
  std::vector<std::vector<std::string>> lines = {header_};
  for (const std::vector<std::string>& row : rows_) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(Printable(cell));
  }
  std::string text;
  std::vector<size_t> widths(header_.size(), 0);
  std::vector<bool> numeric(header_.size(), !rows_.empty());
  for (size_t y = 0; y < lines.size(); ++y) {
    for (size_t x = 0; x < lines[y].size(); ++x) {
      widths[x] = std::max(widths[x], DisplayWidth(lines[y][x]));
      if (y > 0 && !IsNumber(lines[y][x])) numeric[x] = false;
    }
  }
  for (const std::vector<std::string>& line : lines) {
    std::string row;
    for (size_t x = 0; x < line.size(); ++x) {
      if (x > 0) row += "  ";
      const std::string padding(widths[x] - DisplayWidth(line[x]), ' ');
      row += numeric[x] ? padding + line[x] : line[x] + padding;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  return text;
}

std::string Table::ToCsv() const {
  std::string csv;
  AppendCsvRow(header_, &csv);
  for (const std::vector<std::string>& row : rows_) AppendCsvRow(row, &csv);
  return csv;
}

nlohmann::ordered_json JsonTime(int64_t unix_ms) {
  if (unix_ms % kMillisPerSecond == 0) return unix_ms / kMillisPerSecond;
  return static_cast<double>(unix_ms) / kMillisPerSecond;
}

std::string JsonSuccess(nlohmann::ordered_json data) {
  nlohmann::ordered_json answer;
  answer["status"] = "success";
  answer["data"] = std::move(data);
  // Text that is not UTF-8 must not make printing throw.
  return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

std::string Ago(int64_t unix_ms, int64_t now_ms) {
  const int64_t distance_s = (now_ms - unix_ms) / kMillisPerSecond;
  const std::string text = FormatDurationMs(std::abs(distance_s) * kMillisPerSecond);
  return distance_s >= 0 ? text + " ago" : "in " + text;
}

}  // namespace vigil::cli
