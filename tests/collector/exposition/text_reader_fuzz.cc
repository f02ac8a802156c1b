// SPDX-License-Identifier: Apache-2.0
//
// Fuzz entry point: any bytes as an exposition. What is taken makes sense, and when it is written
// out again it reads the same.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "collector/scrape/text_format.h"
#include "tests/testing/fuzz.h"

namespace vigil::collector {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    c == '\n' ? quoted += "\\n" : quoted += c;
  }
  return quoted + '"';
}

// The samples, with every name in quotes.
std::string Rewritten(const Exposition& exposition) {
  std::string text;
  for (const ExposedSample& sample : exposition.samples) {
    text += "{" + Quoted(sample.labels.front().value);
    for (size_t i = 1; i < sample.labels.size(); ++i) {
      text += "," + Quoted(sample.labels[i].name) + "=" + Quoted(sample.labels[i].value);
    }
    text += "} " + FormatValue(sample.value);
    if (sample.time_ms.has_value()) text += fmt::format(" {}", *sample.time_ms);
    text += "\n";
  }
  return text;
}

void Check(std::string_view text, bool open_metrics) {
  const absl::StatusOr<Exposition> exposition = ParseExposition(text, open_metrics);
  if (!exposition.ok()) return;
  for (const MetricFamily& family : exposition->families) {
    VIGIL_CHECK(IsValidUtf8(family.name) && IsValidUtf8(family.metadata.help));
  }
  for (const ExposedSample& sample : exposition->samples) {
    VIGIL_CHECK(sample.family < exposition->families.size());
    VIGIL_CHECK(sample.labels.front().name == storage::kMetricName);
    for (const storage::Label& label : sample.labels) {
      VIGIL_CHECK(IsValidUtf8(label.name) && IsValidUtf8(label.value));
      VIGIL_CHECK(!label.name.empty());
    }
  }
  // Written as 0.0.4, whose times are milliseconds.
  const absl::StatusOr<Exposition> again = ParseExposition(Rewritten(*exposition), false);
  VIGIL_CHECK_OK(again);
  VIGIL_CHECK(again->samples.size() == exposition->samples.size());
  for (size_t i = 0; i < again->samples.size(); ++i) {
    const ExposedSample& was = exposition->samples[i];
    const ExposedSample& is = again->samples[i];
    VIGIL_CHECK(is.labels == was.labels && is.time_ms == was.time_ms);
    VIGIL_CHECK(is.value == was.value || (std::isnan(is.value) && std::isnan(was.value)));
  }
}

}  // namespace
}  // namespace vigil::collector

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  vigil::collector::Check(text, false);
  vigil::collector::Check(text, true);
  return 0;
}

std::vector<std::string> vigil::testing::FuzzSeeds() {
  return {
      "# HELP a_total What\\nit is.\n# TYPE a_total counter\na_total{x=\"1\",y=\"\\\"\\\\\\n\"} 1 "
      "5\n",
      "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 1e-3\nh_count 3\n",
      "{\"utf.8\",\"a.b\"=\"c\"} NaN # {trace_id=\"x\"} 1\n# TYPE \"utf.8\" gauge\n",
      "# TYPE c counter\n# UNIT c seconds\nc_total 0x1p3 1520879607.789\n# EOF\n",
      "a 9e15 9000000000000\n\r\n# EOF\n",
  };
}
