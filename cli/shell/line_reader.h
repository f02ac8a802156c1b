// SPDX-License-Identifier: Apache-2.0
//
// Lines that a person types, with editing, history and completion; or lines of a file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/shell/completion.h"

namespace vigil::cli {

// What a reader asks the session about the line it edits.
struct LineHelp {
  // Candidates for the place in the line; Completion::begin counts in the line.
  std::function<Completion(std::string_view line, size_t cursor)> complete;
  // Shown at the right of the line; "" for nothing.
  std::function<std::string(std::string_view line, size_t cursor)> hint;
};

class LineReader {
 public:
  enum class Result { kLine, kInterrupted, kEnd };

  virtual ~LineReader() = default;
  // The next line, without its newline.
  virtual Result Read(const std::string& prompt, std::string* line) = 0;
  // Makes a question one that Up brings back.
  virtual void Remember(const std::string& question) = 0;
};

// Of standard input, which is no terminal. Prints no prompt.
std::unique_ptr<LineReader> MakePlainReader();

// Of the terminal that is standard input and output. Only one may live at a time.
std::unique_ptr<LineReader> MakeEditingReader(LineHelp help, bool color);

}  // namespace vigil::cli
