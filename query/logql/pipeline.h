// SPDX-License-Identifier: Apache-2.0
//
// What a query does to each line: filters on its text, then stages that filter on fields or find
// more of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/logql/line_filter.h"
#include "query/logql/log_line.h"

namespace vigil::logql {

// Thread-safe as const.
class Stage {
 public:
  virtual ~Stage() = default;
  // Changes `line`, returns whether it is kept.
  virtual bool Process(LogLine* line) const = 0;
};

// Thread-safe as const. No stage changes the text of a line, so the filters on it come first
// wherever they were written.
class Pipeline {
 public:
  void Add(LineFilter filter) { line_filters_.push_back(std::move(filter)); }
  void Add(std::unique_ptr<Stage> stage) { stages_.push_back(std::move(stage)); }

  // Runs everything on `line`; returns whether it is kept.
  bool Process(LogLine* line) const { return AcceptsText(line->text()) && ProcessFields(line); }

  // The two halves of Process, for those who make fields only for lines whose text is accepted.
  bool AcceptsText(std::string_view text) const;
  bool ProcessFields(LogLine* line) const;

  // Texts that every line that is kept contains.
  std::vector<std::string> RequiredSubstrings() const;

 private:
  std::vector<LineFilter> line_filters_;
  std::vector<std::unique_ptr<Stage>> stages_;
};

}  // namespace vigil::logql
