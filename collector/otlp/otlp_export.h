// SPDX-License-Identifier: Apache-2.0
//
// What the receivers of the three signals have in common: the outcome of an export, and the count
// of what was refused in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/model/batch.h"

namespace vigil::collector {

// OTLP's answer: how many items were refused (0: none) and why.
struct ExportOutcome {
  int64_t rejected = 0;
  std::string message;
};

// Counts refusals and keeps the first reasons, each once.
class Rejections {
 public:
  // The answer is read by people in a log line: a few reasons tell more than all of them.
  static constexpr int kMaxReasons = 3;

  void Add(int64_t count, std::string_view reason);
  // What the store refused of a batch.
  void Add(const storage::WriteResult& result);

  // Tells the sender something that cost it nothing.
  void Warn(std::string_view reason);

  // Takes refusals back that cost the sender nothing; the reason stays as a warning.
  void Forget(int64_t count) { count_ -= count; }

  int64_t count() const { return count_; }
  ExportOutcome Outcome() const { return {count_, reasons_}; }

 private:
  int64_t count_ = 0;
  int reason_count_ = 0;
  std::string reasons_;
};

// The token of an OTLP request: a hash of its bytes, by which the retry of a request is recognised
// whose acknowledgement was lost.
storage::BatchToken DigestToken(std::string_view request);

}  // namespace vigil::collector
