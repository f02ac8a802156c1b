// SPDX-License-Identifier: Apache-2.0
//
// An exposition read whole, as the tests look at it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "collector/exposition/exposition.h"

namespace vigil::collector::testing {

struct ReadSample {
  std::string key;
  std::vector<storage::Label> labels;
  ExposedSample sample;  // Without its key.
};

struct Exposition {
  std::vector<MetricFamily> families;
  std::vector<ReadSample> samples;
};

inline absl::StatusOr<Exposition> ReadAll(ExpositionReader* reader) {
  Exposition all;
  ExposedSample sample;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool more, reader->Next({}, &sample));
    if (!more) break;
    ReadSample& read = all.samples.emplace_back();
    read.key = sample.key;
    VIGIL_RETURN_IF_ERROR(reader->ReadLabels(&read.labels));
    read.sample = sample;
    read.sample.key = {};
  }
  all.families = reader->families();
  return all;
}

inline std::string TextOf(const storage::Histogram& histogram) {
  std::string text =
      fmt::format("schema {} count {} sum {} zero {} within {}", histogram.schema, histogram.count,
                  histogram.sum, histogram.zero_count, histogram.zero_threshold);
  const auto side = [&text](const char* name, const std::vector<storage::BucketSpan>& spans,
                            const std::vector<double>& counts) {
    if (spans.empty()) return;
    text += fmt::format(" {}", name);
    for (const storage::BucketSpan& span : spans) {
      text += fmt::format(" {}+{}", span.offset, span.length);
    }
    text += fmt::format(" [{}]", fmt::join(counts, " "));
  };
  side("positive", histogram.positive_spans, histogram.positive_counts);
  side("negative", histogram.negative_spans, histogram.negative_counts);
  if (histogram.reset_hint == storage::CounterResetHint::kGauge) text += " gauge";
  return text;
}

// A line for each family, one for each sample with the number of its family.
inline std::string ToText(const Exposition& exposition) {
  std::string text;
  for (size_t i = 0; i < exposition.families.size(); ++i) {
    const MetricFamily& family = exposition.families[i];
    text += fmt::format("{}: {} {} {} {}{}\n", i, family.name,
                        storage::MetricTypeName(family.metadata.type),
                        storage::Quote(family.metadata.unit), storage::Quote(family.metadata.help),
                        family.declared ? "" : " (not declared)");
  }
  for (const auto& [key, labels, sample] : exposition.samples) {
    text += fmt::format("{}:", sample.family);
    for (const storage::Label& label : labels) {
      text += fmt::format(" {}={}", label.name, storage::Quote(label.value));
    }
    text += " -> ";
    text += sample.histogram == nullptr ? FormatValue(sample.value) : TextOf(*sample.histogram);
    if (sample.time_ms.has_value()) text += fmt::format(" at {}", *sample.time_ms);
    for (const ExposedExemplar& exemplar : sample.exemplars) {
      text += fmt::format(" # {} {}", exemplar.labels.ToString(), FormatValue(exemplar.value));
      if (exemplar.time_ms.has_value()) text += fmt::format(" at {}", *exemplar.time_ms);
    }
    text += "\n";
  }
  return text;
}

}  // namespace vigil::collector::testing
