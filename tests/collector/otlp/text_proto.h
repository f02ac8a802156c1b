// SPDX-License-Identifier: Apache-2.0
//
// Requests written as protobuf text, and what is answered.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>

#include <google/protobuf/text_format.h>

#include <fmt/format.h>

#include "base/status.h"
#include "collector/otlp/otlp_export.h"
#include "tests/storage/storage_harness.h"

namespace vigil::collector::testing {

// The message that `text` spells; ends the test program if it spells none.
template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  VIGIL_CHECK(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

// `text` with each "@N" replaced by the nanoseconds of the instant N units after kStartMs.
inline std::string WithInstants(const std::string& text, int64_t unit_ns) {
  std::string replaced;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '@' || i + 1 == text.size() || std::isdigit(text[i + 1]) == 0) {
      replaced += text[i];
      continue;
    }
    const size_t end = std::min(text.size(), text.find_first_not_of("0123456789", i + 1));
    const int64_t distance = std::stoll(text.substr(i + 1, end - i - 1));
    replaced += fmt::to_string(storage::testing::kStartNs + distance * unit_ns);
    i = end - 1;
  }
  return replaced;
}

// What the sender is told, "" if all is well.
inline std::string OutcomeText(const ExportOutcome& outcome) {
  if (outcome.rejected == 0 && outcome.message.empty()) return "";
  return fmt::format("rejected {}: {}\n", outcome.rejected, outcome.message);
}

}  // namespace vigil::collector::testing
