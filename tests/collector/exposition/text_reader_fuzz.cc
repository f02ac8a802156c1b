// SPDX-License-Identifier: Apache-2.0
//
// Fuzz entry point: any bytes as an exposition. What is taken makes sense, and when it is written
// out again it reads the same.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "collector/exposition/text_reader.h"
#include "tests/collector/exposition/read_all.h"
#include "tests/testing/fuzz.h"

namespace vigil::collector {
namespace {

using testing::Exposition;

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    c == '\n' ? quoted += "\\n" : quoted += c;
  }
  return quoted + '"';
}

std::string LabelsText(const std::vector<storage::Label>& labels) {
  std::string text;
  for (const storage::Label& label : labels) {
    text +=
        fmt::format("{}{}={}", text.empty() ? "" : ",", Quoted(label.name), Quoted(label.value));
  }
  return text;
}

// The samples as OpenMetrics, with every name in quotes. Times have milliseconds.
std::string Rewritten(const Exposition& exposition) {
  std::string text;
  for (const auto& [key, labels, sample] : exposition.samples) {
    text += "{" + Quoted(labels.front().value);
    if (labels.size() > 1) text += "," + LabelsText({labels.begin() + 1, labels.end()});
    text += "} " + FormatValue(sample.value);
    const auto time = [&text](std::optional<int64_t> time_ms) {
      if (time_ms.has_value()) text += fmt::format(" {:.3f}", static_cast<double>(*time_ms) / 1000);
    };
    time(sample.time_ms);
    for (const ExposedExemplar& exemplar : sample.exemplars) {
      std::vector<storage::Label> own;
      for (const storage::LabelView& label : exemplar.labels) {
        own.push_back({std::string(label.name), std::string(label.value)});
      }
      text += fmt::format(" # {{{}}} {}", LabelsText(own), FormatValue(exemplar.value));
      time(exemplar.time_ms);
    }
    text += "\n";
  }
  return text + "# EOF\n";
}

bool Same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void Check(std::string_view text, bool open_metrics) {
  const absl::StatusOr<Exposition> exposition =
      testing::ReadAll(MakeTextReader(text, open_metrics).get());
  if (!exposition.ok()) return;
  for (const MetricFamily& family : exposition->families) {
    VIGIL_CHECK(IsValidUtf8(family.name) && IsValidUtf8(family.metadata.help));
  }
  for (const auto& [key, labels, sample] : exposition->samples) {
    VIGIL_CHECK(sample.family < exposition->families.size());
    VIGIL_CHECK(labels.front().name == storage::kMetricName);
    for (const storage::Label& label : labels) {
      VIGIL_CHECK(IsValidUtf8(label.name) && IsValidUtf8(label.value));
      VIGIL_CHECK(!label.name.empty());
    }
  }
  const std::string rewritten = Rewritten(*exposition);
  const absl::StatusOr<Exposition> again = testing::ReadAll(MakeTextReader(rewritten, true).get());
  VIGIL_CHECK_OK(again);
  VIGIL_CHECK(again->samples.size() == exposition->samples.size());
  for (size_t i = 0; i < again->samples.size(); ++i) {
    const auto& [old_key, old_labels, was] = exposition->samples[i];
    const auto& [new_key, new_labels, is] = again->samples[i];
    VIGIL_CHECK(new_labels == old_labels && is.time_ms == was.time_ms);
    VIGIL_CHECK(Same(is.value, was.value));
    VIGIL_CHECK(is.exemplars.size() == was.exemplars.size());
    for (size_t j = 0; j < is.exemplars.size(); ++j) {
      VIGIL_CHECK(is.exemplars[j].labels == was.exemplars[j].labels);
      VIGIL_CHECK(is.exemplars[j].time_ms == was.exemplars[j].time_ms);
      VIGIL_CHECK(Same(is.exemplars[j].value, was.exemplars[j].value));
    }
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
      "a 9E15 8999999999999999\na 9E15 4398046511103999\n",
      "# TYPE h_s histogram\n# UNIT h_s s\nh_s_bucket{le=\"1\"} 2 1.5 # {trace_id=\"x\",a=\"\"} "
      "0.5 "
      "1.25\n# EOF\n",
  };
}
