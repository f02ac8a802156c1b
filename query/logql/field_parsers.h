// SPDX-License-Identifier: Apache-2.0
//
// Stages that find fields in the text of a line. They keep every line.
#pragma once

#include "query/logql/pipeline.h"

namespace vigil::logql {

// The line as a JSON object: nested keys are joined with "_", arrays and nulls skipped, numbers as
// they are written. Anything else is a JSONParserErr; what was read before it stays.
class JsonParser final : public Stage {
 public:
  bool Process(LogLine* line) const override;
};

// The line as `key=value key="quoted value"`. Keys without value and malformed pairs are skipped.
class LogfmtParser final : public Stage {
 public:
  bool Process(LogLine* line) const override;
};

}  // namespace vigil::logql
