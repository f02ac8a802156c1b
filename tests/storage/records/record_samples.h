// SPDX-License-Identifier: Apache-2.0
//
// Log records and spans for tests: random ones with everything that is odd in them, and their
// comparison.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "storage/model/record.h"

namespace vigil::storage::testing {

// Makes records from a seed. Not thread-safe.
class RecordSamples {
 public:
  explicit RecordSamples(uint64_t seed);

  // Times are in [start_ns, end_ns).
  LogRecord NextLog(int64_t start_ns, int64_t end_ns);
  // The same for the span's start. Trace and span ids repeat.
  Span NextSpan(int64_t start_ns, int64_t end_ns);

  // Uniform in [low, high].
  int64_t Between(int64_t low, int64_t high);
  bool OneIn(int64_t n) { return Between(1, n) == 1; }
  // "" now and then, bytes that are no UTF-8 now and then.
  std::string Text();
  Value NextValue(int depth = 0);
  Attributes NextAttributes(int depth = 0);
  TraceId NextTraceId();

 private:
  std::mt19937_64 random_;
  std::vector<std::shared_ptr<const Origin>> origins_;
};

// The record as bytes. Attributes are sorted by name: their order need not survive, except that of
// equal names.
std::string Canonical(const LogRecord& record);
std::string Canonical(const Span& span);

// A record with nothing but a time, an origin and a body.
LogRecord PlainLog(int64_t time_ns, std::string body);
// A span with nothing but ids (made of the numbers), times and an origin.
Span PlainSpan(uint8_t trace, uint8_t span, int64_t start_ns, std::string name);
TraceId TraceIdOf(uint8_t number);
SpanId SpanIdOf(uint8_t number);

}  // namespace vigil::storage::testing
