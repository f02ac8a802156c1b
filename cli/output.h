// SPDX-License-Identifier: Apache-2.0
//
// What client commands print: tables for people, JSON and CSV for programs. A command says what its
// answer is (`Answer`); how that looks is decided here alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/text/display.h"
#include "cli/text/terminal.h"

namespace vigil::cli {

enum class OutputFormat { kTable, kJson, kCsv };

// A value in a table: the same for people and programs, or exact for programs ("2026-01-02T...")
// and readable for people ("3m ago").
class Cell {
 public:
  Cell(std::string text) : exact_(std::move(text)) {}  // NOLINT: a text is a cell.
  Cell(std::string_view text) : exact_(text) {}        // NOLINT
  Cell(const char* text) : exact_(text) {}             // NOLINT
  Cell(std::string exact, std::string readable)
      : exact_(std::move(exact)), readable_(std::move(readable)) {}

  const std::string& exact() const { return exact_; }
  const std::string& readable() const { return readable_.has_value() ? *readable_ : exact_; }

 private:
  std::string exact_;
  std::optional<std::string> readable_;
};

// Rows of cells under a header.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // As many cells as the header has.
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  size_t rows() const { return rows_.size(); }

  // Columns two spaces apart; numbers to the right; the header bold where there are colours. A
  // table that is too wide for the terminal has its widest texts shortened, never its numbers.
  std::string ToText(const Terminal& terminal) const;
  // RFC 4180; without the header line what goes on behind a table.
  std::string ToCsv(bool with_header = true) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<Cell>> rows_;
};

// An answer in each of its forms. Only the one that is asked for is made, as answers may be large.
struct Answer {
  // The `data` of a JSON answer.
  std::function<nlohmann::ordered_json()> json;
  std::function<Table()> table;
  // What people read, where that is not the table.
  std::function<std::string(const Terminal&)> text = nullptr;
  // What people read instead of a table without rows; empty: the bare header.
  std::string when_empty = {};
};

std::string Render(const Answer& answer, OutputFormat format, const Terminal& terminal);

// Unix milliseconds as a JSON number of seconds, as the Prometheus API writes it.
nlohmann::ordered_json JsonTime(int64_t unix_ms);

// {"status":"success","data":...}, the shape of the Prometheus API's answers, on one line.
std::string JsonSuccess(nlohmann::ordered_json data);

// "3m12s ago", "in 5s".
std::string Ago(int64_t unix_ms, int64_t now_ms);

}  // namespace vigil::cli
