// SPDX-License-Identifier: Apache-2.0
#include "query/logql/pipeline.h"

#include <algorithm>

namespace vigil::logql {

bool Pipeline::AcceptsText(std::string_view text) const {
  return std::all_of(line_filters_.begin(), line_filters_.end(),
                     [text](const LineFilter& filter) { return filter.Accepts(text); });
}

bool Pipeline::ProcessFields(LogLine* line) const {
  return std::all_of(stages_.begin(), stages_.end(),
                     [line](const std::unique_ptr<Stage>& stage) { return stage->Process(line); });
}

std::vector<std::string> Pipeline::RequiredSubstrings() const {
  std::vector<std::string> required;
  for (const LineFilter& filter : line_filters_) {
    const std::string_view substring = filter.RequiredSubstring();
    if (!substring.empty()) required.emplace_back(substring);
  }
  return required;
}

}  // namespace vigil::logql
