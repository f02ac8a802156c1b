// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a query, and any bytes as a line: the input up to its first newline is the query,
// the rest the line. What is not a query leaves a line for the parsers of fields.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/logql/log_query.h"
#include "tests/testing/fuzz.h"

namespace vigil::testing {

std::vector<std::string> FuzzSeeds() {
  return {
      "{a=\"b\"} |= \"x\" or \"y\" |~ `z+` | json | c=\"d\" and (e>5 or f<=1.5KB), g!=2m\n"
      "{\"c\":\"d\",\"e\":[1,{\"x\":2}],\"f\":{\"g\":1.50}} x z",
      "{a=~\"b.+\",c!=\"d\"} != \"x\" | logfmt | l > 10ms\nl=20ms m=\"a \\\"b\\\"\" n= o",
      "{a=\"b\"}\n{\"a\":\"\\u00e9\xff\",\"b\":null}",
  };
}

}  // namespace vigil::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigil::logql;  // NOLINT(google-build-using-namespace)
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t newline = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(std::min(newline + 1, input.size()));
  absl::StatusOr<LogQuery> query = ParseLogQuery(input.substr(0, newline));
  if (!query.ok()) query = ParseLogQuery("{a=\"b\"} | json | logfmt | c>5");
  VIGIL_CHECK_OK(query);
  const vigil::storage::Labels stream = {{"a", "b"}};
  LogLine line(&stream);
  line.set_text(std::string(text));
  query->pipeline.Process(&line);
  // A line that is kept contains what the store was told it must.
  LogLine again(&stream);
  again.set_text(std::string(text));
  if (query->pipeline.Process(&again)) {
    for (const std::string& required : query->pipeline.RequiredSubstrings()) {
      VIGIL_CHECK(text.find(required) != std::string_view::npos);
    }
  }
  VIGIL_CHECK(line.fields() == again.fields());
  return 0;
}
