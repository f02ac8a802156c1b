// SPDX-License-Identifier: Apache-2.0
//
// Series as lines of JSON:
//
//   {"metric":{"__name__":"up","job":"a"},"type":"gauge","values":[1,"StaleNaN"],
//    "timestamps":[1700000000000,1700000015000]}
//
// (on one line). Times are Unix milliseconds; values that are no numbers are texts, see
// sample_value.h. Native histograms stand in "histograms" and "histogram_timestamps"; the guide
// tells their members.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "proto/vigil/v1/transfer.pb.h"

namespace vigil::cli {

// What is wrong with a line.
struct LineError {
  size_t column = 1;  // From 1, in bytes.
  std::string message;
};

// Appends a line, with its line feed.
void AppendJsonLine(const v1::SeriesSamples& series, std::string* text);

// Reads lines. Not thread-safe.
class JsonLineParser {
 public:
  JsonLineParser();
  ~JsonLineParser();

  // False, and `*error` says why, when `line` is not such a line; `*series` is then unspecified.
  // Members with other names are passed over. May grow the capacity of `line`.
  bool Parse(std::string* line, v1::SeriesSamples* series, LineError* error);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace vigil::cli
