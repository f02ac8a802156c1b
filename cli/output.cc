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

template <typename Cells, typename TextOf>
void AppendCsvRow(const Cells& cells, const TextOf& text_of, std::string* csv) {
  for (size_t x = 0; x < cells.size(); ++x) {
    if (x > 0) *csv += ',';
    *csv += CsvCell(text_of(cells[x]));
  }
  *csv += "\r\n";
}

// The cells of a table as people see them, with what laying them out needs to know.
struct Layout {
  std::vector<std::vector<std::string>> lines;  // The header first.
  std::vector<size_t> widths;
  std::vector<bool> numeric;
};

constexpr size_t kGap = 2;
// A text that is shortened further says nothing any more.
constexpr size_t kMinTextWidth = 8;

size_t TotalWidth(const std::vector<size_t>& widths) {
  size_t total = kGap * (widths.size() - 1);
  for (const size_t width : widths) total += width;
  return total;
}

// Makes the widest columns of text narrower until all fit, if they can.
void FitTo(size_t width, Layout* layout) {
  std::vector<size_t>& widths = layout->widths;
  for (size_t total = TotalWidth(widths); total > width; --total) {
    size_t widest = widths.size();
    for (size_t x = 0; x < widths.size(); ++x) {
      if (layout->numeric[x] || widths[x] <= kMinTextWidth) continue;
      if (widest == widths.size() || widths[x] > widths[widest]) widest = x;
    }
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

std::string LineText(const std::vector<std::string>& line, const Layout& layout, bool unicode) {
  std::string text;
  for (size_t x = 0; x < line.size(); ++x) {
    if (x > 0) text.append(kGap, ' ');
    const std::string cell = Shorten(line[x], layout.widths[x], unicode);
    text += layout.numeric[x] ? PadLeft(cell, layout.widths[x]) : PadRight(cell, layout.widths[x]);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

std::string Table::ToText(const Terminal& terminal) const {
  Layout layout;
  layout.lines.push_back(header_);
  layout.numeric.assign(header_.size(), !rows_.empty());
  for (const std::vector<Cell>& row : rows_) {
    std::vector<std::string>& line = layout.lines.emplace_back();
    for (size_t x = 0; x < row.size(); ++x) {
      line.push_back(Printable(row[x].readable()));
      if (!IsNumber(line.back())) layout.numeric[x] = false;
    }
  }
  layout.widths.assign(header_.size(), 0);
  for (const std::vector<std::string>& line : layout.lines) {
    for (size_t x = 0; x < line.size(); ++x) {
      layout.widths[x] = std::max(layout.widths[x], DisplayWidth(line[x]));
    }
  }
  if (terminal.width > 0) FitTo(static_cast<size_t>(terminal.width), &layout);
  std::string text;
  for (size_t y = 0; y < layout.lines.size(); ++y) {
    const std::string line = LineText(layout.lines[y], layout, terminal.unicode);
    text += y == 0 && terminal.color ? fmt::format("\x1b[1m{}\x1b[0m\n", line) : line + '\n';
  }
  return text;
}

std::string Table::ToCsv(bool with_header) const {
  std::string csv;
  if (with_header)
    AppendCsvRow(
        header_, [](const std::string& name) { return name; }, &csv);
  for (const std::vector<Cell>& row : rows_) {
    AppendCsvRow(
        row, [](const Cell& cell) { return cell.exact(); }, &csv);
  }
  return csv;
}

std::string Render(const Answer& answer, OutputFormat format, const Terminal& terminal) {
  if (format == OutputFormat::kJson) return JsonSuccess(answer.json());
  if (format == OutputFormat::kCsv) return answer.table().ToCsv();
  if (answer.text != nullptr) return answer.text(terminal);
  const Table table = answer.table();
  if (table.rows() == 0 && !answer.when_empty.empty()) return answer.when_empty + '\n';
  return table.ToText(terminal);
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
