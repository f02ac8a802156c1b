// SPDX-License-Identifier: Apache-2.0
//
// Lines of a file or a pipe.
#include <iostream>

#include "cli/shell/line_reader.h"

namespace vigil::cli {
namespace {

class PlainReader final : public LineReader {
 public:
  Result Read(const std::string&, std::string* line) override {
    return std::getline(std::cin, *line) ? Result::kLine : Result::kEnd;
  }
  void Remember(const std::string&) override {}
};

}  // namespace

std::unique_ptr<LineReader> MakePlainReader() { return std::make_unique<PlainReader>(); }

}  // namespace vigil::cli
