// SPDX-License-Identifier: Apache-2.0
//
// What client commands print: tables for people, JSON and CSV for programs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace vigil::cli {

enum class OutputFormat { kTable, kJson, kCsv };

// Rows of texts under a header.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // As many cells as the header has.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  size_t rows() const { return rows_.size(); }

  // Columns aligned by two spaces; numbers to the right.
  std::string ToText() const;
  // RFC 4180, with a header line.
  std::string ToCsv() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// Text with characters that would upset a terminal or a line made visible.
std::string Printable(std::string_view text);

// Columns that `text` takes on a terminal, counting each code point as one.
size_t DisplayWidth(std::string_view text);

// Unix milliseconds as a JSON number of seconds, as the Prometheus API writes it.
nlohmann::ordered_json JsonTime(int64_t unix_ms);

// {"status":"success","data":...}, the shape of the Prometheus API's answers, on one line.
std::string JsonSuccess(nlohmann::ordered_json data);

// "3m12s ago", "in 5s".
std::string Ago(int64_t unix_ms, int64_t now_ms);

}  // namespace vigil::cli
