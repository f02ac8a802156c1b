// SPDX-License-Identifier: Apache-2.0
//
// What an examination of a data directory found.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vigil::storage {

// One thing that is broken.
struct Finding {
  std::string place;  // "log", "table 000012.sst", or a family such as "blocks".
  std::string text;   // What is lost, by name, and why.
};

// Not thread-safe.
class Diagnosis {
 public:
  // Findings are kept up to here, then only counted: a directory may be broken throughout.
  static constexpr size_t kMaxFindings = 10'000;

  void Add(std::string place, std::string text) {
    ++damages_;
    if (findings_.size() < kMaxFindings) findings_.push_back({std::move(place), std::move(text)});
  }

  bool clean() const { return damages_ == 0; }
  uint64_t damages() const { return damages_; }
  const std::vector<Finding>& findings() const { return findings_; }

  // What could be read and is in order.
  uint64_t tables = 0;
  uint64_t series = 0;
  uint64_t metric_blocks = 0;
  uint64_t samples = 0;
  uint64_t journal_entries = 0;
  uint64_t log_blocks = 0;
  uint64_t log_records = 0;
  uint64_t span_blocks = 0;
  uint64_t spans = 0;
  // What the broken blocks that still tell it say they held.
  uint64_t samples_lost = 0;

 private:
  uint64_t damages_ = 0;
  std::vector<Finding> findings_;
};

}  // namespace vigil::storage
