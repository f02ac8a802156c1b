// SPDX-License-Identifier: Apache-2.0
//
// One connection over which a system that is measured is asked range queries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace vigil::load {

struct QueryRange {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;
};

struct AnswerSize {
  size_t series = 0;
  size_t points = 0;
};

// Not thread-safe.
class Querier {
 public:
  virtual ~Querier() = default;
  // Puts the answer as it came into `answer`. Returns what went wrong, or "".
  virtual std::string Ask(const std::string& query, const QueryRange& range,
                          std::string* answer) = 0;
  // What is in an answer.
  virtual AnswerSize SizeOf(const std::string& answer) const = 0;
};

// Prometheus' /api/v1/query_range.
std::unique_ptr<Querier> MakeHttpQuerier(const std::string& server);

}  // namespace vigil::load
