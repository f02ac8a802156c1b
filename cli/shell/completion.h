// SPDX-License-Identifier: Apache-2.0
//
// What may be written at a place in a PromQL query: names, functions, labels, values, keywords, as
// the text before the place allows. Pure: what there is to name comes from a Catalog.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::cli {

// The names that a server knows. Selectors narrow them down; "" for all.
class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual std::vector<std::string> MetricNames() = 0;
  virtual std::vector<std::string> LabelNames(const std::string& selector) = 0;
  virtual std::vector<std::string> LabelValues(const std::string& label,
                                               const std::string& selector) = 0;
};

struct Candidate {
  std::string text;
  std::string suffix;  // What is written behind it when it is the only one: `="`, `(`.
  std::string note;    // What it is: a function's signature, "metric".
};

// The candidates for what stands in [begin, cursor). Those that begin with it, or if there are none
// those that contain it; sorted by kind, then by name.
struct Completion {
  size_t begin = 0;
  std::vector<Candidate> candidates;
};

// Requires: cursor <= text.size().
Completion Complete(std::string_view text, size_t cursor, Catalog& catalog);

// The longest beginning that all candidates share.
std::string CommonPrefix(const std::vector<Candidate>& candidates);

// The signature of the innermost function or aggregation whose arguments the cursor stands in:
// "rate(range vector)"; "" elsewhere.
std::string CallHint(std::string_view text, size_t cursor);

}  // namespace vigil::cli
