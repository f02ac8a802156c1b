// SPDX-License-Identifier: Apache-2.0
//
// Exemplars: single observations of a series that tell of a trace.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <tuple>
#include <vector>

#include "storage/series/labels.h"

namespace vigil::storage {

struct Exemplar {
  int64_t time_ms = 0;
  double value = 0;
  Labels labels;  // trace_id, span_id and what else its source says of it.

  // By time first. Two that are equal are one that was sent twice.
  friend std::strong_ordering operator<=>(const Exemplar& a, const Exemplar& b) {
    if (const auto order = a.time_ms <=> b.time_ms; order != 0) return order;
    const auto bits = [](double value) { return std::bit_cast<uint64_t>(value); };
    if (const auto order = bits(a.value) <=> bits(b.value); order != 0) return order;
    return a.labels <=> b.labels;
  }
  friend bool operator==(const Exemplar& a, const Exemplar& b) { return (a <=> b) == 0; }
};

// The exemplars of one series, in order of time.
struct ExemplarSeries {
  Labels labels;
  std::vector<Exemplar> exemplars;
};

}  // namespace vigil::storage
