// SPDX-License-Identifier: Apache-2.0
//
// Random series and random queries over them.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "storage/model/histogram.h"
#include "storage/series/labels.h"
#include "tests/query/exec/memory_source.h"

namespace vigil::exec {

class RandomQueries {
 public:
  explicit RandomQueries(uint64_t seed) : random_(seed) {}

  // Adds series that come and go between 0 and `end_ms`, at odd times, floats and histograms.
  void Fill(int64_t end_ms, MemorySource* source);
  // An expression that gives a vector, of about that many levels.
  std::string Vector(int depth);

 private:
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename... Texts>
  std::string OneOf(Texts... texts) {
    const char* const all[] = {texts...};
    return all[Below(sizeof...(texts))];
  }

  storage::Histogram RandomHistogram();
  void FillSeries(const storage::Labels& labels, bool histograms, int64_t end_ms,
                  MemorySource* source);
  std::string Selector();
  std::string Shift() { return OneOf("", "", "", " offset 90s", " offset -45s", " @ 1000"); }
  std::string Duration() { return OneOf("30s", "1m", "2m30s", "5m", "17s"); }
  std::string Range(int depth);
  std::string RangeCall(int depth);
  std::string Aggregate(int depth);
  std::string Binary(int depth);
  std::string Call(int depth);
  std::string Scalar(int depth);

  std::mt19937_64 random_;
};

}  // namespace vigil::exec
