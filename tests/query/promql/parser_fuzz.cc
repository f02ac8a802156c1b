// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are answered, and what parses prints to something that parses and prints the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/promql/parser.h"
#include "query/promql/series_values.h"
#include "tests/query/promql/random_query.h"
#include "tests/testing/fuzz.h"

namespace vigil::testing {

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    seeds.push_back(promql::RandomQuery(seed).Vector(static_cast<int>(seed % 5)));
  }
  seeds.push_back("foo{a=\"b\"} 1+2x10 _ stale {{schema:1 count:4 buckets:[1 2]}}+{{}}x3");
  return seeds;
}

}  // namespace vigil::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigil::promql;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ParseSelector(text).IgnoreError();
  ParseSeriesLine(text).IgnoreError();
  const absl::StatusOr<ExprPtr> expr = ParseExpr(text);
  if (!expr.ok()) return 0;
  const std::string printed = Print(**expr);
  // Printing can make a text longer than the parser takes.
  if (printed.size() > kMaxQueryBytes) return 0;
  const absl::StatusOr<ExprPtr> again = ParseExpr(printed);
  VIGIL_CHECK_OK(again);
  VIGIL_CHECK(printed == Print(**again));
  return 0;
}
